variable "name" {
  type = string
}

variable "region" {
  type = string
}

variable "lake" {
  description = "Bucket, prefix in it (\"\", or ending in a slash) and key."
  type        = object({ bucket_arn = string, root = string, key_arn = string })
}

variable "catalog" {
  type = object({
    catalog_arn          = string
    database_arn         = string
    default_database_arn = string
    tables_arn           = string
    group_databases_arn  = string # of groups other than refi
    group_tables_arn     = string
    crawler_arns         = list(string)
  })
}

variable "workgroups" {
  type = object({ pipeline_arn = string, analysts_arn = string })
}

variable "queue_arn" {
  type = string
}

variable "topic" {
  type = object({ arn = string, key_arn = string })
}

variable "metrics_namespace" {
  type = string
}

variable "matchings" {
  description = "Workflows of AWS Entity Resolution (one or none), each with the role that the service assumes."
  type        = list(object({ workflow_arn = string, role_arn = string }))
}

variable "masking_secret_arns" {
  description = "The secret of AWS Secrets Manager with the masking key (one or none)."
  type        = list(string)
}

variable "spark_jobs" {
  description = "Jobs of Glue (one or none) that the pipeline starts."
  type        = list(object({ arn = string }))
}

variable "account_arn" {
  description = "The account, whose principals with sts:AssumeRole may assume a role without principals of its own."
  type        = string
}

variable "pipeline_principals" {
  type = map(set(string))
}

variable "analyst_principals" {
  type = map(set(string))
}

variable "recipient_principals" {
  type = map(set(string))
}

variable "sender_principals" {
  type = map(set(string))
}
