output "matchings" {
  description = "The workflow and the role that the service takes on, or none. From names, so that they are known first."
  value = [
    for role in local.roles : {
      workflow     = var.workflow
      workflow_arn = "arn:${var.aws.partition}:entityresolution:${var.aws.region}:${var.aws.account}:matchingworkflow/${var.workflow}"
      role_arn     = "arn:${var.aws.partition}:iam::${var.aws.account}:role/${role}"
    }
  ]
}
