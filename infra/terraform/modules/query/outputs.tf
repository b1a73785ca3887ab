output "name" {
  value = aws_athena_workgroup.this.name
}

output "arn" {
  value = aws_athena_workgroup.this.arn
}

output "results_url" {
  value = var.results_url
}
