variable "name" {
  type = string
}

variable "workflow" {
  description = "Name of the matching workflow; \"\" if there is none."
  type        = string
}

variable "database" {
  description = "Glue database of the tables to be matched."
  type        = string
}

variable "lake" {
  description = "Bucket, prefix in it (\"\", or ending in a slash) and key."
  type        = object({ bucket_arn = string, root = string, key_arn = string })
}

variable "aws" {
  type = object({ partition = string, region = string, account = string })
}
