output "policy" {
  description = "The policy of the stream's role."
  value       = data.aws_iam_policy_document.this.json
}
