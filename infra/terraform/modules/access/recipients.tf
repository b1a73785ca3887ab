# Recipients may read the published files, audiences and offers, for those who write to people. They may not query.

data "aws_iam_policy_document" "recipients" {
  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = ["${local.zone.output}/*", "${local.zone.export}/*"]
  }

  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for folder in ["output", "export"] : "${var.lake.root}${folder}/*"]
    }
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt"]
    resources = [var.lake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }
}
