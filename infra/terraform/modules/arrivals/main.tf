# Arrivals: a queue receives an event for each new or deleted object of the raw zone, and wakes the sensor. A lost message
# costs only time, because the sensor lists the raw zone itself; a message that is read repeatedly becomes a dead letter.

resource "aws_cloudwatch_event_rule" "raw" {
  name        = "${var.name}-arrivals"
  description = "Objects created or deleted below ${var.raw_prefix}"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created", "Object Deleted"]
    detail = {
      bucket = { name = [var.bucket] }
      object = { key = [{ prefix = var.raw_prefix }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  rule      = aws_cloudwatch_event_rule.raw.name
  target_id = "arrivals"
  arn       = aws_sqs_queue.arrivals.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_sqs_queue_policy.this]
}

resource "aws_sqs_queue" "arrivals" {
  name                       = "${var.name}-arrivals"
  sqs_managed_sse_enabled    = true # so that EventBridge needs no permission for a key
  visibility_timeout_seconds = var.visibility_timeout_seconds
  message_retention_seconds  = 14 * 24 * 3600
  receive_wait_time_seconds  = 10

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-arrivals-dead-letters"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 14 * 24 * 3600
}

locals {
  queues = { arrivals = aws_sqs_queue.arrivals, dead_letters = aws_sqs_queue.dead_letters }
}

data "aws_iam_policy_document" "queue" {
  for_each = local.queues

  statement {
    sid       = "OnlyFromTheRule"
    actions   = ["sqs:SendMessage"]
    resources = [each.value.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.raw.arn]
    }
  }

  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = local.queues

  queue_url = each.value.id
  policy    = data.aws_iam_policy_document.queue[each.key].json
}
