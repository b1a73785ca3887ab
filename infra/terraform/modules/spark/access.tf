# The job's role: what a run of a domain does in the lake. A test records the calls of the job and compares them with this
# policy, in both directions. Statements whose names begin with Behind are for actions that Spark, Glue and S3 take with
# the role's rights, which no test can see.

locals {
  zone = { for zone in ["raw", "accepted", "runs", "memo", "output", "openlineage", "pipes", "spark"] :
    zone => "${var.lake.bucket_arn}/${var.lake.root}${zone}"
  }
}

data "aws_iam_policy_document" "trust" {
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

data "aws_iam_policy_document" "this" {
  # Of spark/, only what Glue itself reads and writes: the packages, and its temporary folder.
  statement {
    sid     = "ReadObjects"
    actions = ["s3:GetObject"]
    resources = [for zone in ["raw", "accepted", "runs", "memo", "output", "pipes"] :
      "${local.zone[zone]}/*"
    ]
  }

  statement {
    sid     = "WriteObjects"
    actions = ["s3:PutObject"]
    resources = [for zone in ["raw", "runs", "memo", "output", "openlineage", "pipes"] :
      "${local.zone[zone]}/*"
    ]
  }

  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.lake.root}*"]
    }
  }

  statement {
    sid       = "BehindGlueReadPackages"
    actions   = ["s3:GetObject"]
    resources = ["${local.zone.spark}/${var.release}/*"]
  }

  statement {
    sid       = "BehindGlueTemporaryFiles"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.zone.spark}/temporary/*"]
  }

  # Spark uploads files in parts to a temporary folder of the relation, and moves them.
  statement {
    sid       = "BehindSparkCommitFiles"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts"]
    resources = ["${local.zone.runs}/*"]
  }

  # S3 encrypts and decrypts with the caller's rights.
  statement {
    sid       = "BehindS3UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.aws.region}.amazonaws.com"]
    }
  }

  statement {
    sid     = "BehindGlueWriteLogs"
    actions = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      format(local.arn, "logs", "log-group:/aws-glue/jobs*"),
      format(local.arn, "logs", "log-group:/aws-glue/jobs*:*"),
    ]
  }

  # CloudWatch has no ARNs for metrics; the namespaces are the limit: the run's own, and Glue's of Spark.
  statement {
    sid       = "BehindGlueSendMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Glue", var.metrics_namespace]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = toset(local.jobs)

  name               = "${each.value}-job"
  description        = "Lets the job of Glue run the banking domain."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  for_each = toset(local.jobs)

  name   = "run"
  role   = aws_iam_role.this[each.value].id
  policy = data.aws_iam_policy_document.this.json
}
