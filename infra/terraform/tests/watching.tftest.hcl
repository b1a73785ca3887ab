# Alarms are raised when they should be, and reach the topic.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:111122223333:refi-alerts" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:111122223333:key/alerts" }
  }
}

variables {
  name                   = "refi"
  account                = "111122223333"
  partition              = "aws"
  region                 = "us-east-1"
  metrics_namespace      = "numbers"
  hours_without_audience = 26
  arrivals_queue         = "refi-arrivals"
  dead_letter_queue      = "refi-arrivals-dead-letters"
  alert_emails           = ["on-call@example.com"]
}

run "alarms_are_raised_and_delivered" {
  module {
    source = "./modules/watching"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.no_audience.namespace == "numbers"
      && aws_cloudwatch_metric_alarm.no_audience.metric_name == "Published"
      && aws_cloudwatch_metric_alarm.no_audience.period * aws_cloudwatch_metric_alarm.no_audience.evaluation_periods == 26 * 3600
      && aws_cloudwatch_metric_alarm.no_audience.comparison_operator == "LessThanThreshold"
      && aws_cloudwatch_metric_alarm.no_audience.threshold == 1
      && aws_cloudwatch_metric_alarm.no_audience.treat_missing_data == "breaching"
    )
    error_message = "26 hours without an audience, or without data, raise no alarm."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.dead_letters.dimensions["QueueName"] == "refi-arrivals-dead-letters"
      && aws_cloudwatch_metric_alarm.dead_letters.metric_name == "ApproximateNumberOfMessagesVisible"
      && aws_cloudwatch_metric_alarm.dead_letters.comparison_operator == "GreaterThanThreshold"
      && aws_cloudwatch_metric_alarm.dead_letters.threshold == 0
    )
    error_message = "A dead letter raises no alarm."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.arrivals_waiting.dimensions["QueueName"] == "refi-arrivals"
      && aws_cloudwatch_metric_alarm.arrivals_waiting.metric_name == "ApproximateAgeOfOldestMessage"
      && aws_cloudwatch_metric_alarm.arrivals_waiting.threshold == 3600
    )
    error_message = "An unread message raises no alarm."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.no_audience, aws_cloudwatch_metric_alarm.dead_letters, aws_cloudwatch_metric_alarm.arrivals_waiting] :
      alarm.alarm_actions == toset(["arn:aws:sns:us-east-1:111122223333:refi-alerts"])
    ])
    error_message = "An alarm has no action."
  }

  assert {
    condition     = [for subscription in aws_sns_topic_subscription.email : subscription.endpoint] == ["on-call@example.com"]
    error_message = "Nobody gets the alerts."
  }

  # CloudWatch may use the topic, and its key.
  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == "arn:aws:kms:us-east-1:111122223333:key/alerts"
    error_message = "The topic is not encrypted with a key that CloudWatch can use."
  }

  assert {
    condition = anytrue([
      for statement in data.aws_iam_policy_document.key.statement :
      toset(statement.actions) == toset(["kms:Decrypt", "kms:GenerateDataKey*"])
      && toset(one(statement.principals).identifiers) == toset(["cloudwatch.amazonaws.com"])
      && try(one(statement.condition).variable, "") == "aws:SourceAccount"
    ])
    error_message = "CloudWatch may not use the key, so no alarm reaches anybody."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.topic.statement :
      toset(one(statement.principals).identifiers) == toset(["cloudwatch.amazonaws.com"])
      && toset(try(one(statement.condition).values, [])) == toset(["arn:aws:cloudwatch:us-east-1:111122223333:alarm:refi-*"])
      if statement.effect != "Deny"
    ])
    error_message = "The topic's policy lets others than this deployment's alarms publish."
  }
}

run "an_alarm_covers_at_most_a_week" {
  command = plan

  module {
    source = "./modules/watching"
  }

  variables {
    hours_without_audience = 169
  }

  expect_failures = [var.hours_without_audience]
}
