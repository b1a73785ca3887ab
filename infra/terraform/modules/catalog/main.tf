# The catalog: the database and, optionally, a crawler over the raw zone. The pipeline creates the tables.

resource "aws_glue_catalog_database" "this" {
  name         = var.database
  description  = "Source files, staged relations and audiences of refi_assets."
  location_uri = var.database_url
}

locals {
  crawlers = length(var.crawled_sources) == 0 ? [] : ["${var.name}-raw"]
  glue     = "arn:${var.aws.partition}:glue:${var.aws.region}:${var.aws.account}"
}

resource "aws_glue_crawler" "raw" {
  for_each = toset(local.crawlers)

  name          = each.value
  description   = "Reads the schemas of the newest source files; started by the pipeline."
  database_name = aws_glue_catalog_database.this.name
  table_prefix  = "crawled_"
  role          = aws_iam_role.crawler[each.value].arn

  dynamic "s3_target" {
    for_each = var.crawled_sources

    content {
      path = "s3://${var.lake.bucket}/${var.lake.root}raw/${s3_target.value}/"
    }
  }

  schema_change_policy {
    update_behavior = "UPDATE_IN_DATABASE"
    delete_behavior = "LOG" # a person decides whether to drop a table whose files are gone
  }
}

data "aws_iam_policy_document" "crawler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.aws.account]
    }
  }
}

data "aws_iam_policy_document" "crawler" {
  statement {
    sid       = "ReadSourceFiles"
    actions   = ["s3:GetObject"]
    resources = ["${var.lake.bucket_arn}/${var.lake.root}raw/*"]
  }

  statement {
    sid       = "ListSourceFiles"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.lake.root}raw/*"]
    }
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.lake.bucket_arn]
  }

  statement {
    sid       = "DecryptSourceFiles"
    actions   = ["kms:Decrypt"]
    resources = [var.lake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.aws.region}.amazonaws.com"]
    }
  }

  statement {
    sid = "WriteCrawledTables"
    actions = [
      "glue:BatchCreatePartition",
      "glue:BatchGetPartition",
      "glue:BatchUpdatePartition",
      "glue:CreateTable",
      "glue:GetDatabase",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
      "glue:UpdateTable",
    ]
    resources = [
      "${local.glue}:catalog",
      "${local.glue}:database/${var.database}",
      "${local.glue}:table/${var.database}/crawled_*",
    ]
  }

  statement {
    sid     = "WriteLogs"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${var.aws.partition}:logs:${var.aws.region}:${var.aws.account}:log-group:/aws-glue/crawlers",
      "arn:${var.aws.partition}:logs:${var.aws.region}:${var.aws.account}:log-group:/aws-glue/crawlers:*",
    ]
  }
}

resource "aws_iam_role" "crawler" {
  for_each = toset(local.crawlers)

  name               = "${var.name}-crawler"
  description        = "Lets Glue crawl source files."
  assume_role_policy = data.aws_iam_policy_document.crawler_trust.json
}

resource "aws_iam_role_policy" "crawler" {
  for_each = toset(local.crawlers)

  name   = "crawl"
  role   = aws_iam_role.crawler[each.value].id
  policy = data.aws_iam_policy_document.crawler.json
}
