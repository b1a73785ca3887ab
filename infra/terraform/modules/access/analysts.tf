# Analysts may read and query relations of runs and publications. The catalog also has tables of source files, but a
# query of one fails, because analysts cannot read its objects.

data "aws_iam_policy_document" "analysts" {
  statement {
    sid     = "ReadObjects"
    actions = ["s3:GetObject"]
    resources = [
      "${local.zone.runs}/*",
      "${local.zone.resolved}/*",
      "${local.zone.output}/*",
      "${local.zone.export}/*",
      "${local.zone.athena}/tables/*",
    ]
  }

  # AWS Entity Resolution writes records here, unchanged, that it could not process.
  statement {
    sid       = "NotWhatMatchersWrite"
    effect    = "Deny"
    actions   = ["s3:GetObject"]
    resources = ["${local.zone.resolved}/aws/*"]
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
      values = [for folder in ["runs", "resolved", "output", "export", "athena/tables", "analysts"] :
        "${var.lake.root}${folder}/*"
      ]
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
      var.catalog.database_arn,
      var.catalog.default_database_arn,
      var.catalog.tables_arn,
      var.catalog.group_databases_arn,
      var.catalog.group_tables_arn,
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
