# Automatic deletions from the lake. They spare everything that a published audience is derived from.

locals {
  # Athena's results are at <results>/<query id>..., its tables below <results>/tables/. A lifecycle rule cannot exclude a
  # prefix, but a query id is a UUID, whose first character is a hexadecimal digit.
  uuid_beginnings = split("", "0123456789abcdef")
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {
      prefix = var.root
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "noncurrent-versions"
    status = "Enabled"

    filter {
      prefix = var.root
    }

    noncurrent_version_expiration {
      noncurrent_days = var.keep_noncurrent_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = local.uuid_beginnings

    content {
      id     = "query-results-${rule.value}"
      status = "Enabled"

      filter {
        prefix = "${var.root}athena/${rule.value}"
      }

      expiration {
        days = var.keep_query_results_days
      }
    }
  }

  rule {
    id     = "analysts-results"
    status = "Enabled"

    filter {
      prefix = "${var.root}analysts/"
    }

    expiration {
      days = var.keep_query_results_days
    }
  }

  rule {
    id     = "what-runs-print"
    status = "Enabled"

    filter {
      prefix = "${var.root}logs/"
    }

    expiration {
      days = var.keep_logs_days
    }
  }

  # Messages of Spark jobs, which Dagster has read, and files that a job left behind.
  dynamic "rule" {
    for_each = { messages-of-jobs = "pipes/", leftovers-of-jobs = "spark/temporary/" }

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = "${var.root}${rule.value}"
      }

      expiration {
        days = 7
      }
    }
  }

  dynamic "rule" {
    for_each = var.raw_to_infrequent_access_days == null ? [] : [var.raw_to_infrequent_access_days]

    content {
      id     = "old-source-files"
      status = "Enabled"

      filter {
        prefix = "${var.root}raw/"
      }

      transition {
        days          = rule.value
        storage_class = "STANDARD_IA"
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.lake]
}
