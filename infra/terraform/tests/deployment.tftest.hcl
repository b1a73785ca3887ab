# The whole, joined: names follow from the account, settings are ready to use.

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
    error_message = "The settings cannot be read as a file of variables."
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
    error_message = "A lake that is a whole bucket has another address."
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
    error_message = "The crawler does not look at the sources it was given."
  }

  assert {
    condition     = aws_glue_crawler.raw["refi-raw"].table_prefix == "crawled_"
    error_message = "Crawled tables cannot be told from the contracts'."
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

run "a_prefix_with_slashes_at_its_ends_is_refused" {
  command = plan

  variables {
    lake_prefix = "lake/"
  }

  expect_failures = [var.lake_prefix]
}
