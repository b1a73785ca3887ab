variable "name" {
  type = string
}

variable "cluster_arn" {
  description = "The ECS cluster; \"\" if there is no stream."
  type        = string
}

variable "repository" {
  description = "Repository of the image in ECR, in the same account and region."
  type        = string
}

variable "image_tag" {
  description = "The tag of the image that infra/stream.Dockerfile builds."
  type        = string
}

variable "store_path" {
  description = "Folder of the store on the instance, of the user 10001."
  type        = string
}

variable "state_path" {
  description = "Folder of the query's lock and checkpoint on the instance, of the user 10001, on a disk that outlives it."
  type        = string
}

variable "checkpoint_on_s3" {
  description = "Whether the checkpoint is in the lake's bucket instead."
  type        = bool
}

variable "memory_mb" {
  description = "The most memory that the task may use."
  type        = number
}

variable "keep_logs_days" {
  type = number
}

variable "settings" {
  description = "The task's environment."
  type        = map(string)
}

variable "secrets" {
  description = "Settings that are secrets of AWS Secrets Manager: name -> ARN."
  type        = map(string)
}

variable "msk_cluster_arn" {
  description = "The MSK cluster with IAM; \"\" for any other Kafka."
  type        = string
}

variable "topic_prefix" {
  description = "What the topics' names begin with (REFI_KAFKA_TOPIC_PREFIX)."
  type        = string
}

variable "lag_seconds" {
  description = "Seconds behind that raise an alarm."
  type        = number
}

variable "dead_letters_an_hour" {
  description = "Dead letters within an hour that raise no alarm yet."
  type        = number
}

variable "metrics_namespace" {
  type = string
}

variable "alerts" {
  description = "The topic of alerts and its key."
  type        = object({ topic_arn = string, key_arn = string })
}

variable "lake" {
  description = "Bucket, prefix in it (\"\", or ending in a slash) and key."
  type        = object({ bucket = string, bucket_arn = string, root = string, key_arn = string })
}

variable "aws" {
  type = object({ partition = string, region = string, account = string })
}
