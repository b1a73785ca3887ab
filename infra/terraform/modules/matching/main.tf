# Matching by AWS Entity Resolution: the role that the service takes on. Schema mappings and the workflow are the
# pipeline's own. What the service needs is from its documentation alone (workflow job role); no stand-in has it.

locals {
  roles = var.workflow == "" ? [] : ["${var.name}-matcher"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["entityresolution.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  # What is to be matched lies in a folder of its own in each run.
  statement {
    sid     = "ReadInput"
    actions = ["s3:GetObject"]
    resources = [
      "${var.lake.bucket_arn}/${var.lake.root}runs/*/identity/*",
      "${var.lake.bucket_arn}/${var.lake.root}resolved/*",
    ]
  }

  statement {
    sid       = "WriteOutput"
    actions   = ["s3:PutObject"]
    resources = ["${var.lake.bucket_arn}/${var.lake.root}resolved/aws/*"]
  }

  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.lake.root}runs/*", "${var.lake.root}resolved/*"]
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
    sid = "ReadTables"
    actions = [
      "glue:BatchGetPartition",
      "glue:GetDatabase",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:GetTable",
    ]
    resources = [
      "arn:${var.aws.partition}:glue:${var.aws.region}:${var.aws.account}:catalog",
      "arn:${var.aws.partition}:glue:${var.aws.region}:${var.aws.account}:database/${var.database}",
      "arn:${var.aws.partition}:glue:${var.aws.region}:${var.aws.account}:table/${var.database}/*",
    ]
  }
}

resource "aws_iam_role" "this" {
  for_each = toset(local.roles)

  name               = each.value
  description        = "AWS Entity Resolution's, to read what is to be matched and to write which records are one."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  for_each = toset(local.roles)

  name   = "match"
  role   = aws_iam_role.this[each.value].id
  policy = data.aws_iam_policy_document.this.json
}
