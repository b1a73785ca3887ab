output "topic_arn" {
  value = aws_sns_topic.alerts.arn
}

output "key_arn" {
  value = aws_kms_key.alerts.arn
}
