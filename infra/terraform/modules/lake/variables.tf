variable "name" {
  type = string
}

variable "bucket_name" {
  type = string
}

variable "root" {
  description = "Prefix of the lake in the bucket: \"\", or ending in a slash."
  type        = string
}

variable "keep_noncurrent_days" {
  type = number
}

variable "keep_query_results_days" {
  type = number
}

variable "keep_logs_days" {
  type = number
}

variable "raw_to_infrequent_access_days" {
  type = number
}

variable "force_destroy" {
  type = bool
}
