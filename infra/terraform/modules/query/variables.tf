variable "workgroup" {
  type = string
}

variable "results_url" {
  description = "s3:// prefix of results, ending in a slash. Tables by CREATE TABLE AS are below tables/ in it."
  type        = string
}

variable "key_arn" {
  type = string
}

variable "scan_cutoff_gb" {
  type = number

  validation {
    condition     = var.scan_cutoff_gb * 1000 >= 11
    error_message = "Athena accepts no cutoff below 10 MiB (0.011 GB)."
  }
}

variable "force_destroy" {
  type = bool
}
