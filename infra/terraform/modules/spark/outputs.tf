output "jobs" {
  description = "The job, or none. Derived from names, so known before creation."
  value       = [for name in local.jobs : { name = name, arn = format(local.arn, "glue", "job/${name}") }]
}

output "policy" {
  description = "The policy of the job's role as JSON, for audits and tests."
  value       = data.aws_iam_policy_document.this.json
}
