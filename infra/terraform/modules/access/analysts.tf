# Analysts may read and query the copies that are made for them, in which personal columns are masked: no file, relation or
# table has a name or an address for them. Their own query results are the only objects that they may write.

locals {
  analysts_databases_arn = "${trimsuffix(var.catalog.group_databases_arn, "*")}analysts*"
  analysts_tables_arn    = "${trimsuffix(var.catalog.group_tables_arn, "*/*")}analysts*/*"
}

data "aws_iam_policy_document" "analysts" {
  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = ["${local.zone.masked}/*"]
  }

  statement {
    sid     = "KeepQueryResults"
    actions = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = [
      "${local.zone.analysts}/*",
    ]
  }

  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for folder in ["masked", "analysts"] : "${var.lake.root}${folder}/*"]
    }
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.lake.bucket_arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid     = "ReadCatalog"
    actions = ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      var.catalog.catalog_arn,
      var.catalog.default_database_arn,
      local.analysts_databases_arn,
      local.analysts_tables_arn,
    ]
  }

  statement {
    sid = "Query"
    actions = [
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetWorkGroup",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [var.workgroups.analysts_arn]
  }
}
