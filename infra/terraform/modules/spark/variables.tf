variable "name" {
  type = string
}

variable "release" {
  description = "Folder below spark/ in the lake with job.py and the packages; \"\": no job."
  type        = string
}

variable "workers" {
  type = object({ type = string, count = number })
}

variable "timeout_minutes" {
  type = number
}

variable "settings" {
  description = "Settings of the platform in the job."
  type        = map(string)
}

variable "metrics_namespace" {
  type = string
}

variable "keep_logs_days" {
  type = number
}

variable "lake" {
  description = "Bucket, prefix in it (\"\", or ending in a slash) and key."
  type        = object({ bucket = string, bucket_arn = string, root = string, key_arn = string })
}

variable "aws" {
  type = object({ partition = string, region = string, account = string })
}
