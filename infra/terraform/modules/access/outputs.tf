output "pipeline_role_arn" {
  value = aws_iam_role.this["pipeline"].arn
}

output "analyst_role_arn" {
  value = aws_iam_role.this["analysts"].arn
}

output "recipient_role_arn" {
  value = aws_iam_role.this["recipients"].arn
}

output "sender_role_arn" {
  value = aws_iam_role.this["senders"].arn
}

output "policies" {
  value = { for name, role in local.roles : name => role.policy }
}
