locals {
  settings = merge(
    {
      AWS_REGION              = local.region
      REFI_LAKE_URL           = local.lake_url
      REFI_ENGINE             = "athena" # or duckdb, which uses neither workgroup nor database
      REFI_ATHENA_WORKGROUP   = module.pipeline_queries.name
      REFI_ATHENA_OUTPUT      = module.pipeline_queries.results_url
      REFI_GLUE_DATABASE      = module.catalog.database
      REFI_ARRIVALS_QUEUE_URL = module.arrivals.queue_url
      REFI_ALERTS_TOPIC_ARN   = module.watching.topic_arn
      REFI_METRICS_NAMESPACE  = var.metrics_namespace

      # The output of runs in a production instance (infra/dagster.yaml).
      REFI_COMPUTE_LOGS_BUCKET = module.lake.bucket
      REFI_COMPUTE_LOGS_PREFIX = "${local.root}logs"
    },
    # The bucket encrypts objects with its key by default, so REFI_KMS_KEY_ID is not needed.
    { for crawler in module.catalog.crawlers : "REFI_GLUE_CRAWLER" => crawler },
    { for crawler in module.catalog.crawlers : "REFI_CATALOG_MODE" => "crawler" },
    { for arn in local.masking_secret_arns : "REFI_MASKING_SECRET" => arn },
    { for job in module.spark.jobs : "REFI_GLUE_JOB" => job.name },
    { for matching in module.matching.matchings : "REFI_IDENTITY_ENGINE" => "aws" },
    { for matching in module.matching.matchings : "REFI_ENTITY_RESOLUTION_WORKFLOW" => matching.workflow },
    { for matching in module.matching.matchings : "REFI_ENTITY_RESOLUTION_ROLE_ARN" => matching.role_arn },
  )
}

output "environment" {
  description = "The settings of this deployment: terraform output -raw environment > refi.env"
  value       = join("", [for name, value in local.settings : "${name}=${value}\n"])
}

output "settings" {
  description = "The same settings, by name."
  value       = local.settings
}

output "pipeline_role_arn" {
  description = "Role of the pipeline."
  value       = module.access.pipeline_role_arn
}

output "analyst_role_arn" {
  description = "Role of analysts, who query in the workgroup analyst_workgroup."
  value       = module.access.analyst_role_arn
}

output "analyst_workgroup" {
  description = "Workgroup of analysts."
  value       = module.analyst_queries.name
}

output "recipient_role_arn" {
  description = "Role of recipients of published files, in which people have names."
  value       = module.access.recipient_role_arn
}

output "sender_role_arn" {
  description = "Role of senders, who put files into raw/."
  value       = module.access.sender_role_arn
}

output "policies" {
  description = "The policy of each role as JSON, for audits and tests."
  value       = module.access.policies
}
