output "policy" {
  description = "The policy of the API's role."
  value       = data.aws_iam_policy_document.this.json
}
