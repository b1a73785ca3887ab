variable "name" {
  type = string
}

variable "principals" {
  description = "Users and groups of QuickSight, by ARN, who may build on the data source; none: no data source."
  type        = set(string)
}

variable "workgroup" {
  type = object({ name = string, arn = string })
}

variable "database" {
  description = "Glue database that shows gold to analysts."
  type        = string
}

variable "lake" {
  description = "Bucket, prefix in it (\"\", or ending in a slash) and key."
  type        = object({ bucket_arn = string, root = string, key_arn = string })
}

variable "aws" {
  type = object({ partition = string, region = string, account = string })
}
