# Senders may put source files. They may not list files, or read their own or others' files.

data "aws_iam_policy_document" "senders" {
  statement {
    sid       = "PutSourceFiles"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${local.zone.raw}/*"]
  }

  # An upload in parts (the AWS command line's method above 8 MB) also needs Decrypt; objects stay unreadable without
  # GetObject.
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
