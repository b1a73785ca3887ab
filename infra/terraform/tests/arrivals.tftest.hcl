# The queue of arrivals: filled by one rule, and no message is read forever.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:111122223333:rule/refi-arrivals" }
  }

  override_resource {
    target = aws_sqs_queue.arrivals
    values = { arn = "arn:aws:sqs:us-east-1:111122223333:refi-arrivals" }
  }
  override_resource {
    target = aws_sqs_queue.dead_letters
    values = { arn = "arn:aws:sqs:us-east-1:111122223333:refi-arrivals-dead-letters" }
  }
}

variables {
  name                       = "refi"
  bucket                     = "a-lake"
  raw_prefix                 = "lake/raw/"
  visibility_timeout_seconds = 300
}

run "from_the_rule_to_the_queue" {
  module {
    source = "./modules/arrivals"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.raw.event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created", "Object Deleted"]
      detail = {
        bucket = { name = ["a-lake"] }
        object = { key = [{ prefix = "lake/raw/" }] }
      }
    }
    error_message = "The rule is not for exactly the objects created or deleted in the raw zone."
  }

  assert {
    condition     = aws_cloudwatch_event_target.queue.arn == "arn:aws:sqs:us-east-1:111122223333:refi-arrivals"
    error_message = "Events do not go to the queue."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.arrivals.redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:us-east-1:111122223333:refi-arrivals-dead-letters"
      maxReceiveCount     = 5
    }
    error_message = "A harmful message is read forever."
  }

  assert {
    condition     = one(aws_cloudwatch_event_target.queue.dead_letter_config).arn == "arn:aws:sqs:us-east-1:111122223333:refi-arrivals-dead-letters"
    error_message = "Events that cannot be delivered are lost."
  }

  assert {
    condition     = aws_sqs_queue.arrivals.visibility_timeout_seconds == 300
    error_message = "The visibility timeout is not the configured one."
  }

  assert {
    condition     = aws_sqs_queue.arrivals.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Names of files are stored unencrypted."
  }

  # Only the rule may send.
  assert {
    condition = alltrue(flatten([
      for document in data.aws_iam_policy_document.queue : [
        for statement in document.statement :
        toset(statement.actions) == toset(["sqs:SendMessage"])
        && one(statement.principals).type == "Service"
        && toset(one(statement.principals).identifiers) == toset(["events.amazonaws.com"])
        && one(statement.condition).test == "ArnEquals"
        && one(statement.condition).variable == "aws:SourceArn"
        && toset(one(statement.condition).values) == toset(["arn:aws:events:us-east-1:111122223333:rule/refi-arrivals"])
        if statement.effect != "Deny"
      ]
    ]))
    error_message = "Others than the rule may send to a queue."
  }

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.queue :
      length([for statement in document.statement : statement if statement.effect != "Deny"]) == 1
    ])
    error_message = "The rule may not send."
  }
}
