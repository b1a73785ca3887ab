output "matchings" {
  description = "The workflow and the role that the service assumes, or none. Derived from names, so known before creation."
  value = [
    for role in local.roles : {
      workflow     = var.workflow
      workflow_arn = "arn:${var.aws.partition}:entityresolution:${var.aws.region}:${var.aws.account}:matchingworkflow/${var.workflow}"
      role_arn     = "arn:${var.aws.partition}:iam::${var.aws.account}:role/${role}"
    }
  ]
}
