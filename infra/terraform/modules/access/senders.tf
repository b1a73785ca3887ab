# What those who deliver files may do: put them. Not list, not read back what they or others have put.

data "aws_iam_policy_document" "senders" {
  statement {
    sid       = "PutSourceFiles"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${local.zone.raw}/*"]
  }

  # A file in several parts (the AWS command line's way above 8 MB) takes Decrypt, too; objects stay unreadable, as
  # there is no GetObject.
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
}
