# The job of Glue: one run at a time, packages and settings from the deployment, encrypted output, no more rights than a
# run of a domain needs.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/some" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/logs" }
  }
}

variables {
  name              = "refi"
  release           = "2026-11-27"
  workers           = { type = "G.1X", count = 3 }
  timeout_minutes   = 50
  metrics_namespace = "numbers"
  keep_logs_days    = 90
  settings          = { REFI_LAKE_URL = "s3://a-lake/lake", REFI_ENGINE = "spark" }
  lake              = { bucket = "a-lake", bucket_arn = "arn:aws:s3:::a-lake", root = "lake/", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/lake" }
  aws               = { partition = "aws", region = "eu-west-1", account = "111122223333" }
}

run "one_run_at_a_time_of_the_script_and_packages_of_a_release" {
  module {
    source = "./modules/spark"
  }

  assert {
    condition = (
      aws_glue_job.this["refi-banking"].glue_version == "6.0"
      && one(aws_glue_job.this["refi-banking"].execution_property).max_concurrent_runs == 1
      && aws_glue_job.this["refi-banking"].max_retries == 0
      && aws_glue_job.this["refi-banking"].timeout == 50
    )
    error_message = "Two runs could write at once, a run could be repeated in its own folder, or it has no end."
  }

  assert {
    condition = (
      one(aws_glue_job.this["refi-banking"].command).script_location == "s3://a-lake/lake/spark/2026-11-27/job.py"
      && aws_glue_job.this["refi-banking"].default_arguments["--additional-python-modules"] == "s3://a-lake/lake/spark/2026-11-27/refi_assets.gluewheels.zip"
      && aws_glue_job.this["refi-banking"].default_arguments["--python-modules-installer-option"] == "--no-index"
    )
    error_message = "Script or packages are not those of the release, or come from elsewhere."
  }

  assert {
    condition = (
      aws_glue_job.this["refi-banking"].default_arguments["--job-bookmark-option"] == "job-bookmark-disable"
      && aws_glue_job.this["refi-banking"].default_arguments["--enable-metrics"] == "true"
      && aws_glue_job.this["refi-banking"].default_arguments["--REFI_LAKE_URL"] == "s3://a-lake/lake"
      && aws_glue_job.this["refi-banking"].default_arguments["--REFI_ENGINE"] == "spark"
    )
    error_message = "Bookmarks are on, metrics are off, or a setting is missing."
  }

  assert {
    condition     = output.jobs == [{ name = "refi-banking", arn = "arn:aws:glue:eu-west-1:111122223333:job/refi-banking" }]
    error_message = "The pipeline would start another job."
  }
}

run "files_and_output_are_encrypted" {
  module {
    source = "./modules/spark"
  }

  assert {
    condition = alltrue([
      for encryption in aws_glue_security_configuration.this["refi-banking"].encryption_configuration :
      one(encryption.s3_encryption).s3_encryption_mode == "SSE-KMS"
      && one(encryption.s3_encryption).kms_key_arn == "arn:aws:kms:eu-west-1:111122223333:key/lake"
      && one(encryption.cloudwatch_encryption).cloudwatch_encryption_mode == "SSE-KMS"
      && one(encryption.cloudwatch_encryption).kms_key_arn == "arn:aws:kms:eu-west-1:111122223333:key/logs"
    ])
    error_message = "Files or output are not encrypted, or with other keys."
  }

  assert {
    condition = (
      aws_cloudwatch_log_group.this["refi-banking"].kms_key_id == "arn:aws:kms:eu-west-1:111122223333:key/logs"
      && aws_cloudwatch_log_group.this["refi-banking"].retention_in_days == 90
    )
    error_message = "The output is not encrypted, or is kept for another time."
  }
}

run "the_job_writes_only_zones_of_runs" {
  module {
    source = "./modules/spark"
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.this.statement : statement.sid if contains(statement.resources, "*")
    ] == ["BehindGlueSendMetrics"]
    error_message = "Only cloudwatch:PutMetricData, which has no ARNs, may be allowed on all resources."
  }

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.this.statement : [for action in statement.actions : !strcontains(action, "*")]
    ]))
    error_message = "The policy has a wildcard for actions."
  }

  # Not the packages that it runs, what analysts see, or the decisions of people.
  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.this.statement : tolist(statement.resources)
      if contains(statement.actions, "s3:PutObject")
      ])) == toset([
      for folder in ["raw", "runs", "memo", "output", "openlineage", "pipes", "spark/temporary"] : "arn:aws:s3:::a-lake/lake/${folder}/*"
    ])
    error_message = "The job may write elsewhere."
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.trust.statement).principals).identifiers == toset(["glue.amazonaws.com"])
    error_message = "Others than the service may assume its role."
  }
}

run "without_a_release_there_is_no_job" {
  module {
    source = "./modules/spark"
  }

  variables {
    release = ""
  }

  assert {
    condition     = length(aws_glue_job.this) == 0 && length(aws_iam_role.this) == 0 && output.jobs == []
    error_message = "There is a job without packages."
  }
}
