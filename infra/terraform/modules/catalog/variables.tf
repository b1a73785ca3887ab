variable "name" {
  type = string
}

variable "database" {
  type = string
}

variable "database_url" {
  description = "Location of tables of the database that give none of their own."
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
