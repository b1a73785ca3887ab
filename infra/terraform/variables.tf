variable "name" {
  description = "What all that is made here is called, or begins with."
  type        = string
  default     = "refi"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "name must be 2 to 31 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = { application = "refi_assets" }
}

variable "bucket_name" {
  description = "Bucket of the lake. Default: <name>-lake-<account id>, as bucket names are unique in the world."
  type        = string
  default     = null
}

variable "lake_prefix" {
  description = "Where in the bucket the lake is, without slashes at the ends; \"\" for all of it."
  type        = string
  default     = "lake"

  validation {
    condition     = can(regex("^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$", var.lake_prefix))
    error_message = "lake_prefix must be folder names joined by /, without a slash at its beginning or end."
  }
}

variable "glue_database" {
  description = "Glue database of the tables."
  type        = string
  default     = "refi_ready_db"

  validation {
    condition     = can(regex("^[a-z0-9_]{1,255}$", var.glue_database))
    error_message = "glue_database must be lower-case letters, digits and underscores."
  }
}

variable "crawled_sources" {
  description = "Sources whose raw files a Glue crawler is to look at (REFI_CATALOG_MODE=crawler). None: no crawler."
  type        = set(string)
  default     = []
}

variable "entity_resolution_workflow" {
  description = "Workflow of AWS Entity Resolution that tells who is who (REFI_IDENTITY_ENGINE=aws). \"\": none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,240}$", var.entity_resolution_workflow))
    error_message = "entity_resolution_workflow must be letters, digits, underscores and hyphens, 240 at most."
  }
}

variable "pipeline_scan_cutoff_gb" {
  description = "A query of the pipeline that would scan more is stopped; in GB (10^9 bytes)."
  type        = number
  default     = 100
}

variable "analysts_scan_cutoff_gb" {
  description = "A query of an analyst that would scan more is stopped; in GB (10^9 bytes)."
  type        = number
  default     = 10
}

variable "keep_noncurrent_days" {
  description = "How long what was overwritten or deleted in the lake can be brought back."
  type        = number
  default     = 90
}

variable "keep_query_results_days" {
  description = "How long results of queries are kept. Tables are no results, and stay."
  type        = number
  default     = 30
}

variable "keep_logs_days" {
  description = "How long is kept what runs print."
  type        = number
  default     = 90
}

variable "raw_to_infrequent_access_days" {
  description = "After how many days source files go to cheaper storage, at least 30; null: never."
  type        = number
  default     = null
}

variable "visibility_timeout_seconds" {
  description = "How long a message that was read and not deleted stays hidden: longer than one look of the sensor."
  type        = number
  default     = 300
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the numbers of each run."
  type        = string
  default     = "refi_assets"
}

variable "hours_without_audience" {
  description = "After how many hours without a published audience the alarm rings; at most 168."
  type        = number
  default     = 26
}

variable "alert_emails" {
  description = "Who gets alerts by mail. Each address must confirm a message from AWS once."
  type        = set(string)
  default     = []
}

# Who may take on a role, by type of principal as IAM has it, for example
#   { AWS = ["arn:aws:iam::111122223333:role/ci"], Service = ["ecs-tasks.amazonaws.com"] }
# None: whoever in this account is allowed sts:AssumeRole on that role by a policy of their own.

variable "pipeline_principals" {
  description = "Who may take on the pipeline's role: the tasks or machines that run it."
  type        = map(set(string))
  default     = {}
}

variable "analyst_principals" {
  description = "Who may take on the analysts' role, which reads."
  type        = map(set(string))
  default     = {}
}

variable "sender_principals" {
  description = "Who may take on the senders' role, which only puts files into raw/."
  type        = map(set(string))
  default     = {}
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the lake's objects and the workgroups' history. For trials."
  type        = bool
  default     = false
}
