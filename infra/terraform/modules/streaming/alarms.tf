# Alarms on the stream: it is behind, it writes dead letters, or its task is gone. The first two read the figures that the
# task logs after each batch, as JSON, so that it needs no right to send metrics.

locals {
  figures = {
    StreamLagSeconds  = "$.lag_seconds"
    StreamDeadLetters = "$.dead_letters"
  }
  logged = { for pair in setproduct(local.services, keys(local.figures)) : pair[1] => pair[0] }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.logged

  name           = "${each.value}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.this[each.value].name
  pattern        = "{ ${local.figures[each.key]} >= 0 }"

  metric_transformation {
    namespace = var.metrics_namespace
    name      = each.key
    value     = local.figures[each.key]
  }
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  for_each = toset(local.services)

  alarm_name        = "${each.value}-lag"
  alarm_description = "A partition of ${each.value} has been more than ${var.lag_seconds} s behind for 5 minutes. See docs/operations.md."
  alarm_actions     = [var.alerts.topic_arn]
  ok_actions        = [var.alerts.topic_arn]

  namespace           = var.metrics_namespace
  metric_name         = "StreamLagSeconds"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.lag_seconds
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching" # no events; the alarm on the task watches for its absence
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = toset(local.services)

  alarm_name        = "${each.value}-dead-letters"
  alarm_description = "${each.value} wrote more than ${var.dead_letters_an_hour} dead letters within an hour. See docs/operations.md."
  alarm_actions     = [var.alerts.topic_arn]
  ok_actions        = [var.alerts.topic_arn]

  namespace           = var.metrics_namespace
  metric_name         = "StreamDeadLetters"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.dead_letters_an_hour
  period              = 3600
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
}

# ECS sends the processor's use of each running task once a minute: no sample, no task.
resource "aws_cloudwatch_metric_alarm" "absent" {
  for_each = toset(local.services)

  alarm_name        = "${each.value}-absent"
  alarm_description = "${each.value} has had no running task for 5 minutes. See docs/operations.md."
  alarm_actions     = [var.alerts.topic_arn]
  ok_actions        = [var.alerts.topic_arn]

  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = element(split("/", var.cluster_arn), 1), ServiceName = each.value }
  statistic           = "SampleCount"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "breaching" # missing data is the condition that it watches for
}
