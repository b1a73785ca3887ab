# Matching by AWS Entity Resolution: the role that the service assumes. The pipeline creates schema mappings and the
# workflow. The service's permissions are from its documentation alone (workflow job role); no stand-in has the service.

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
  # The records to be matched are in their own folder of each run.
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
  description        = "Lets AWS Entity Resolution read the records to be matched and write its matches."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  for_each = toset(local.roles)

  name   = "match"
  role   = aws_iam_role.this[each.value].id
  policy = data.aws_iam_policy_document.this.json
}
