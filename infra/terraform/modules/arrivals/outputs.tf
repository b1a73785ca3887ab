output "queue" {
  value = aws_sqs_queue.arrivals.name
}

output "queue_arn" {
  value = aws_sqs_queue.arrivals.arn
}

output "queue_url" {
  value = aws_sqs_queue.arrivals.url
}

output "dead_letter_queue" {
  value = aws_sqs_queue.dead_letters.name
}
