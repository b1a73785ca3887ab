variable "name" {
  type = string
}

variable "database" {
  type = string
}

variable "database_url" {
  description = "Where tables of the database are made that say no place of their own."
  type        = string
}

variable "crawled_sources" {
  type = set(string)
}

variable "lake" {
  type = object({ bucket = string, bucket_arn = string, root = string, key_arn = string })
}

variable "aws" {
  type = object({ partition = string, region = string, account = string })
}
