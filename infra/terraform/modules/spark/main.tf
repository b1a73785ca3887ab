# The job of Glue that runs the banking domain on Spark, started by the pipeline. Its permissions are in access.tf.
# The folder spark/<release>/ of the lake has its script and packages, which infra/glue/build.py makes.

locals {
  jobs     = var.release == "" ? [] : ["${var.name}-banking"]
  artifact = "s3://${var.lake.bucket}/${var.lake.root}spark/${var.release}"
  arn      = "arn:${var.aws.partition}:%s:${var.aws.region}:${var.aws.account}:%s"
}

resource "aws_glue_job" "this" {
  for_each = toset(local.jobs)

  name                   = each.value
  description            = "Runs the banking domain on Spark; started by Dagster, which gets its results."
  role_arn               = aws_iam_role.this[each.value].arn
  glue_version           = "6.0" # Spark 4.1.1, Python 3.13
  worker_type            = var.workers.type
  number_of_workers      = var.workers.count
  timeout                = var.timeout_minutes
  max_retries            = 0 # Dagster retries, as a run with a folder of its own
  security_configuration = aws_glue_security_configuration.this[each.value].name

  execution_property {
    max_concurrent_runs = 1
  }

  command {
    name            = "glueetl"
    script_location = "${local.artifact}/job.py"
    python_version  = "3"
  }

  default_arguments = merge(
    {
      # All packages come from the lake: nothing is fetched from an index.
      "--additional-python-modules"       = "${local.artifact}/refi_assets.gluewheels.zip"
      "--python-modules-installer-option" = "--no-index"

      "--job-bookmark-option"              = "job-bookmark-disable" # a snapshot is chosen by its load date
      "--enable-auto-scaling"              = "true"
      "--enable-metrics"                   = "true"
      "--enable-observability-metrics"     = "true"
      "--enable-continuous-cloudwatch-log" = "true"
      "--custom-logGroup-prefix"           = aws_cloudwatch_log_group.this[each.value].name
      "--TempDir"                          = "s3://${var.lake.bucket}/${var.lake.root}spark/temporary/"
    },
    { for name, value in var.settings : "--${name}" => value },
  )
}

resource "aws_glue_security_configuration" "this" {
  for_each = toset(local.jobs)

  name = each.value

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = aws_kms_key.logs[each.value].arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "DISABLED" # there are none
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.lake.key_arn
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(local.jobs)

  name              = "/aws-glue/jobs/${each.value}"
  retention_in_days = var.keep_logs_days
  kms_key_id        = aws_kms_key.logs[each.value].arn
}

# A separate key, because CloudWatch needs access to it, and should have none to the lake's key.
resource "aws_kms_key" "logs" {
  for_each = toset(local.jobs)

  description             = "${each.value}: output of the job"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  policy                  = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "ByPoliciesOfThisAccount"
    actions   = ["kms:*"]
    resources = ["*"] # in a key's policy, this means the key itself

    principals {
      type        = "AWS"
      identifiers = ["arn:${var.aws.partition}:iam::${var.aws.account}:root"]
    }
  }

  statement {
    sid       = "LogsOfTheJob"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.aws.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [format(local.arn, "logs", "log-group:/aws-glue/jobs*")]
    }
  }
}
