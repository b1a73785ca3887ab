variable "name" {
  type = string
}

variable "cluster_arn" {
  description = "The ECS cluster; \"\" if the API is not served from ECS."
  type        = string
}

variable "repository" {
  description = "Repository of the image in ECR, in the same account and region."
  type        = string
}

variable "image_tag" {
  type = string
}

variable "store_path" {
  description = "Folder of the store on the instance, of the user 10001."
  type        = string
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

variable "lake" {
  description = "Bucket, prefix in it (\"\", or ending in a slash) and key."
  type        = object({ bucket_arn = string, root = string, key_arn = string })
}

variable "aws" {
  type = object({ partition = string, region = string, account = string })
}
