variable "name" {
  description = "Name of the deployment: the name of every resource is this, or begins with it."
  type        = string
  default     = "refi"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "name must be 2 to 31 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = { application = "refi_assets" }
}

variable "bucket_name" {
  description = "Bucket of the lake. Default: <name>-lake-<account id>, because bucket names are globally unique."
  type        = string
  default     = null
}

variable "lake_prefix" {
  description = "The lake's prefix in the bucket, without leading and trailing slashes; \"\" for the whole bucket."
  type        = string
  default     = "lake"

  validation {
    condition     = can(regex("^([A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)?$", var.lake_prefix))
    error_message = "lake_prefix must be folder names joined by /, without a leading or trailing slash."
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
  description = "Sources whose raw files a Glue crawler reads (REFI_CATALOG_MODE=crawler). None: no crawler."
  type        = set(string)
  default     = []
}

variable "entity_resolution_workflow" {
  description = "Workflow of AWS Entity Resolution that matches records (REFI_IDENTITY_ENGINE=aws). \"\": none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,240}$", var.entity_resolution_workflow))
    error_message = "entity_resolution_workflow must be at most 240 letters, digits, underscores and hyphens."
  }
}

variable "spark_release" {
  description = "Folder below spark/ in the lake with the script and packages of the job of Glue. \"\": no job."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{0,100}$", var.spark_release))
    error_message = "spark_release must be at most 100 letters, digits, dots, underscores and hyphens."
  }
}

variable "spark_worker_type" {
  description = "Type of the job's workers."
  type        = string
  default     = "G.1X"
}

variable "spark_workers" {
  description = "The most workers of the job, including the driver's; at least 2."
  type        = number
  default     = 3
}

variable "spark_timeout_minutes" {
  description = "Minutes after which Glue ends a run: fewer than max_runtime_seconds of infra/dagster.yaml."
  type        = number
  default     = 50
}

variable "spark_settings" {
  description = "More settings of the job, such as REFI_TIME_ZONE."
  type        = map(string)
  default     = {}
}

variable "quicksight_principals" {
  description = "Users and groups of QuickSight, by ARN, who may build on gold as analysts see it. None: no data source."
  type        = set(string)
  default     = []
}

variable "api_cluster_arn" {
  description = "ECS cluster that serves the API, on its instance with the attribute refi.store = <name>. \"\": none."
  type        = string
  default     = ""
}

variable "api_repository" {
  description = "Repository in ECR of the image that infra/Dockerfile builds."
  type        = string
  default     = "refi-assets"
}

variable "api_image_tag" {
  description = "The image's tag. Not one that moves: another tag is a deployment."
  type        = string
  default     = "1"
}

variable "api_store_path" {
  description = "Folder of the store on that instance, on a disk that outlives tasks and belongs to the user 10001."
  type        = string
  default     = "/srv/refi/store"
}

variable "api_memory_mb" {
  description = "The most memory that the API may use, in MiB."
  type        = number
  default     = 3072
}

variable "api_settings" {
  description = "More settings of the API, such as REFI_MLFLOW_URI, which it needs, and REFI_TIME_ZONE."
  type        = map(string)
  default     = {}
}

variable "stream_cluster_arn" {
  description = "ECS cluster that runs the stream, on its instance with the attribute refi.store = <name>. \"\": none."
  type        = string
  default     = ""
}

variable "stream_repository" {
  description = "Repository in ECR of the image that infra/stream.Dockerfile builds."
  type        = string
  default     = "refi-stream"
}

variable "stream_image_tag" {
  description = "The image's tag. Not one that moves: another tag is a deployment."
  type        = string
  default     = "1"
}

variable "stream_state_path" {
  description = "Folder of the lock and the checkpoint on that instance, on a disk that outlives tasks and belongs to the user 10001."
  type        = string
  default     = "/srv/refi/stream"
}

variable "stream_checkpoint_on_s3" {
  description = "Whether the checkpoint is in the lake's bucket, below checkpoints/, instead of on that disk."
  type        = bool
  default     = false
}

variable "stream_memory_mb" {
  description = "The most memory that the stream may use, in MiB: of Java (REFI_STREAM_MEMORY) and about as much beside it."
  type        = number
  default     = 6144
}

variable "stream_settings" {
  description = "More settings of the stream, such as REFI_KAFKA_BOOTSTRAP and REFI_MLFLOW_URI, which it needs."
  type        = map(string)
  default     = {}
}

variable "stream_secrets" {
  description = "Settings of the stream that are secrets of AWS Secrets Manager, such as REFI_KAFKA_PASSWORD: name -> ARN."
  type        = map(string)
  default     = {}
}

variable "stream_msk_cluster_arn" {
  description = "The MSK cluster, if the stream's role gets its rights there by IAM. \"\": none."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(arn:[^:]+:kafka:[^:]+:[0-9]+:cluster/[^/]+/[^/]+)?$", var.stream_msk_cluster_arn))
    error_message = "stream_msk_cluster_arn must be the ARN of a cluster: arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/UUID."
  }
}

variable "stream_lag_seconds" {
  description = "Seconds that a partition of the stream is behind for 5 minutes after which an alarm is raised."
  type        = number
  default     = 120
}

variable "stream_dead_letters_an_hour" {
  description = "Dead letters of the stream within an hour above which an alarm is raised."
  type        = number
  default     = 100
}

variable "pipeline_scan_cutoff_gb" {
  description = "The most that a query of the pipeline may scan before it is stopped, in GB (10^9 bytes)."
  type        = number
  default     = 100
}

variable "analysts_scan_cutoff_gb" {
  description = "The most that a query of an analyst may scan before it is stopped, in GB (10^9 bytes)."
  type        = number
  default     = 10
}

variable "keep_noncurrent_days" {
  description = "Days for which overwritten or deleted objects of the lake can be restored."
  type        = number
  default     = 90
}

variable "keep_query_results_days" {
  description = "Days for which results of queries are kept. Tables are not results, and stay."
  type        = number
  default     = 30
}

variable "keep_logs_days" {
  description = "Days for which the output of runs is kept."
  type        = number
  default     = 90
}

variable "raw_to_infrequent_access_days" {
  description = "Days after which source files move to cheaper storage, at least 30; null: never."
  type        = number
  default     = null
}

variable "visibility_timeout_seconds" {
  description = "Seconds for which a message that was read but not deleted stays hidden: longer than one tick of the sensor."
  type        = number
  default     = 300
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of each run's metrics."
  type        = string
  default     = "refi_assets"
}

variable "hours_without_audience" {
  description = "Hours without a published audience after which an alarm is raised; at most 168."
  type        = number
  default     = 26
}

variable "alert_emails" {
  description = "Mail addresses that get alerts. Each must once confirm a message from AWS."
  type        = set(string)
  default     = []
}

# The principals who may assume a role, by IAM's types of principals, for example
#   { AWS = ["arn:aws:iam::111122223333:role/ci"], Service = ["ecs-tasks.amazonaws.com"] }
# None: everyone in this account whose own policy allows sts:AssumeRole on that role.

variable "pipeline_principals" {
  description = "Who may assume the pipeline's role: the tasks or machines that run it."
  type        = map(set(string))
  default     = {}
}

variable "analyst_principals" {
  description = "Who may assume the analysts' role, which reads masked copies."
  type        = map(set(string))
  default     = {}
}

variable "recipient_principals" {
  description = "Who may assume the recipients' role, which reads published files, in which people have names."
  type        = map(set(string))
  default     = {}
}

variable "sender_principals" {
  description = "Who may assume the senders' role, which only puts files into raw/."
  type        = map(set(string))
  default     = {}
}

variable "masking_secret_arn" {
  description = "Secret of AWS Secrets Manager with the key by which analysts' copies are masked. null: no copies after runs."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete the lake's objects and the workgroups' history. For trials."
  type        = bool
  default     = false
}
