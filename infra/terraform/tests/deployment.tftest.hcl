# The whole deployment: names follow from the account, settings are ready to use.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { id = "refi-lake-111122223333", arn = "arn:aws:s3:::refi-lake-111122223333" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/some" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:111122223333:some", url = "https://sqs.eu-west-1.amazonaws.com/111122223333/some" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:111122223333:refi-alerts" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:111122223333:rule/some" }
  }
}

run "without_a_crawler" {
  assert {
    condition = output.settings == {
      AWS_REGION              = "eu-west-1"
      REFI_LAKE_URL           = "s3://refi-lake-111122223333/lake"
      REFI_ENGINE             = "athena"
      REFI_ATHENA_WORKGROUP   = "refi-pipeline"
      REFI_ATHENA_OUTPUT      = "s3://refi-lake-111122223333/lake/athena/"
      REFI_GLUE_DATABASE      = "refi_ready_db"
      REFI_ARRIVALS_QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/some"
      REFI_ALERTS_TOPIC_ARN   = "arn:aws:sns:eu-west-1:111122223333:refi-alerts"
      REFI_METRICS_NAMESPACE  = "refi_assets"

      REFI_COMPUTE_LOGS_BUCKET = "refi-lake-111122223333"
      REFI_COMPUTE_LOGS_PREFIX = "lake/logs"
    }
    error_message = "The settings are not those of this deployment."
  }

  assert {
    condition     = strcontains(output.environment, "REFI_LAKE_URL=s3://refi-lake-111122223333/lake\n")
    error_message = "The settings are not a valid file of variables."
  }
}

run "with_a_crawler_in_a_whole_bucket" {
  variables {
    crawled_sources = ["borrower_information"]
    lake_prefix     = ""
    bucket_name     = "refi-lake-111122223333"
  }

  assert {
    condition     = output.settings["REFI_CATALOG_MODE"] == "crawler" && output.settings["REFI_GLUE_CRAWLER"] == "refi-raw"
    error_message = "The crawler is not in the settings."
  }

  assert {
    condition     = output.settings["REFI_LAKE_URL"] == "s3://refi-lake-111122223333"
    error_message = "The URL of a lake that is a whole bucket is wrong."
  }

  assert {
    condition     = output.settings["REFI_COMPUTE_LOGS_PREFIX"] == "logs"
    error_message = "Compute logs go elsewhere."
  }
}

run "a_crawler_reads_each_source_and_marks_its_tables" {
  module {
    source = "./modules/catalog"
  }

  variables {
    name            = "refi"
    database        = "refi_ready_db"
    database_url    = "s3://a-lake/lake/athena/tables"
    crawled_sources = ["borrower_information", "loan_information"]
    lake            = { bucket = "a-lake", bucket_arn = "arn:aws:s3:::a-lake", root = "lake/", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
    aws             = { partition = "aws", region = "eu-west-1", account = "111122223333" }
  }

  assert {
    condition = toset([for target in aws_glue_crawler.raw["refi-raw"].s3_target : target.path]) == toset([
      "s3://a-lake/lake/raw/borrower_information/", "s3://a-lake/lake/raw/loan_information/",
    ])
    error_message = "The crawler does not read the configured sources."
  }

  assert {
    condition     = aws_glue_crawler.raw["refi-raw"].table_prefix == "crawled_"
    error_message = "Crawled tables cannot be distinguished from the contracts' tables."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.crawler.statement : alltrue([
        for resource in statement.resources : resource != "*" && !endswith(resource, ":table/refi_ready_db/*")
      ])
    ])
    error_message = "The crawler may write tables that are not its own."
  }
}

run "with_matching_by_entity_resolution" {
  variables {
    entity_resolution_workflow = "refi-borrowers"
  }

  assert {
    condition = {
      for name, value in output.settings : name => value
      if startswith(name, "REFI_ENTITY_RESOLUTION_") || name == "REFI_IDENTITY_ENGINE"
      } == {
      REFI_IDENTITY_ENGINE            = "aws"
      REFI_ENTITY_RESOLUTION_WORKFLOW = "refi-borrowers"
      REFI_ENTITY_RESOLUTION_ROLE_ARN = "arn:aws:iam::111122223333:role/refi-matcher"
    }
    error_message = "The settings do not name the workflow and the role."
  }
}

run "the_matcher_reads_its_input_and_writes_elsewhere" {
  module {
    source = "./modules/matching"
  }

  variables {
    name     = "refi"
    workflow = "refi-borrowers"
    database = "refi_ready_db"
    lake     = { bucket_arn = "arn:aws:s3:::a-lake", root = "lake/", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
    aws      = { partition = "aws", region = "eu-west-1", account = "111122223333" }
  }

  assert {
    condition     = output.matchings[0].role_arn == "arn:aws:iam::111122223333:role/${aws_iam_role.this["refi-matcher"].name}"
    error_message = "The role in the settings is not the created one."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.this.statement : statement.sid => sort(statement.resources)
      if contains(["ReadInput", "WriteOutput"], statement.sid)
      } == {
      ReadInput   = tolist(["arn:aws:s3:::a-lake/lake/resolved/*", "arn:aws:s3:::a-lake/lake/runs/*/identity/*"])
      WriteOutput = tolist(["arn:aws:s3:::a-lake/lake/resolved/aws/*"])
    }
    error_message = "The matcher may read or write elsewhere."
  }

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.this.statement : concat(
        [for resource in statement.resources : resource != "*"],
        [for action in statement.actions : !strcontains(action, "*")],
      )
    ]))
    error_message = "The matcher's policy has a wildcard for all resources or for actions."
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.trust.statement).principals).identifiers == toset(["entityresolution.amazonaws.com"])
    error_message = "Others than the service may assume its role."
  }
}

run "with_a_spark_job" {
  variables {
    spark_release = "7"
  }

  assert {
    condition     = output.settings["REFI_GLUE_JOB"] == "refi-banking"
    error_message = "Dagster would not start the job."
  }
}

run "a_release_that_is_no_folder_name_is_refused" {
  command = plan

  variables {
    spark_release = "../elsewhere"
  }

  expect_failures = [var.spark_release]
}

run "a_workflow_name_that_aws_does_not_accept_is_refused" {
  command = plan

  variables {
    entity_resolution_workflow = "refi borrowers"
  }

  expect_failures = [var.entity_resolution_workflow]
}

run "a_prefix_with_leading_or_trailing_slashes_is_refused" {
  command = plan

  variables {
    lake_prefix = "lake/"
  }

  expect_failures = [var.lake_prefix]
}
