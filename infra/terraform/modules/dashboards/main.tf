# Dashboards: a data source of QuickSight on gold as analysts see it, and the role that QuickSight uses for it. QuickSight
# takes the role in its own settings (Security & permissions); an account has one.

locals {
  sources = length(var.principals) == 0 ? [] : ["${var.name}-gold"]
  glue    = "arn:${var.aws.partition}:glue:${var.aws.region}:${var.aws.account}"
}

resource "aws_quicksight_data_source" "this" {
  for_each = toset(local.sources)

  data_source_id = each.value
  name           = each.value
  type           = "ATHENA"

  parameters {
    athena {
      work_group = var.workgroup.name
    }
  }

  dynamic "permission" {
    for_each = var.principals

    content {
      principal = permission.value
      actions = [
        "quicksight:DescribeDataSource",
        "quicksight:DescribeDataSourcePermissions",
        "quicksight:PassDataSource",
      ]
    }
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["quicksight.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.aws.account]
    }
  }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadGold"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake.bucket_arn}/${var.lake.root}masked/*/gold/*"]
  }

  statement {
    sid       = "KeepQueryResults"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${var.lake.bucket_arn}/${var.lake.root}analysts/*"]
  }

  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.lake.root}masked/*", "${var.lake.root}analysts/*"]
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
      values   = ["s3.${var.aws.region}.amazonaws.com"]
    }
  }

  statement {
    sid     = "ReadTablesOfGold"
    actions = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      "${local.glue}:catalog",
      "${local.glue}:database/default",
      "${local.glue}:database/${var.database}",
      "${local.glue}:table/${var.database}/*",
    ]
  }

  statement {
    sid = "Query"
    actions = [
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetQueryResultsStream",
      "athena:GetWorkGroup",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [var.workgroup.arn]
  }

  # What a person sees who makes a data set: catalogs and their contents.
  statement {
    sid       = "BrowseCatalogs"
    actions   = ["athena:GetTableMetadata", "athena:ListDatabases", "athena:ListTableMetadata"]
    resources = ["arn:${var.aws.partition}:athena:${var.aws.region}:${var.aws.account}:datacatalog/AwsDataCatalog"]
  }

  statement {
    sid       = "ListCatalogs"
    actions   = ["athena:ListDataCatalogs", "athena:ListWorkGroups"]
    resources = ["*"] # these have no ARNs
  }
}

resource "aws_iam_role" "this" {
  for_each = toset(local.sources)

  name               = "${var.name}-quicksight"
  description        = "Lets QuickSight query gold as analysts see it."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  for_each = toset(local.sources)

  name   = "query"
  role   = aws_iam_role.this[each.value].id
  policy = data.aws_iam_policy_document.this.json
}
