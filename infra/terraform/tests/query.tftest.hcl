# Workgroups with settings that no client can override.

mock_provider "aws" {}

variables {
  workgroup      = "refi-pipeline"
  results_url    = "s3://a-lake/lake/athena/"
  key_arn        = "arn:aws:kms:us-east-1:111122223333:key/lake"
  scan_cutoff_gb = 100
  force_destroy  = false
}

run "workgroup" {
  module {
    source = "./modules/query"
  }

  assert {
    condition     = one(aws_athena_workgroup.this.configuration).enforce_workgroup_configuration
    error_message = "A client may override the workgroup's settings."
  }

  assert {
    condition     = one(aws_athena_workgroup.this.configuration).bytes_scanned_cutoff_per_query == 100000000000
    error_message = "The cutoff is not 100 GB."
  }

  assert {
    condition     = one(aws_athena_workgroup.this.configuration).publish_cloudwatch_metrics_enabled
    error_message = "CloudWatch gets no metrics of queries."
  }

  assert {
    condition     = one(one(aws_athena_workgroup.this.configuration).engine_version).selected_engine_version == "Athena engine version 3"
    error_message = "The engine's version is not 3."
  }

  assert {
    condition = alltrue([
      for result in one(aws_athena_workgroup.this.configuration).result_configuration :
      result.output_location == "s3://a-lake/lake/athena/"
      && one(result.encryption_configuration).encryption_option == "SSE_KMS"
      && one(result.encryption_configuration).kms_key_arn == "arn:aws:kms:us-east-1:111122223333:key/lake"
    ])
    error_message = "Results go elsewhere, or are not encrypted with the lake's key."
  }
}

run "a_cutoff_that_athena_refuses_is_refused" {
  command = plan

  module {
    source = "./modules/query"
  }

  variables {
    scan_cutoff_gb = 0.01
  }

  expect_failures = [var.scan_cutoff_gb]
}
