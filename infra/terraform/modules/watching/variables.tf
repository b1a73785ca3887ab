variable "name" {
  type = string
}

variable "account" {
  type = string
}

variable "partition" {
  type = string
}

variable "region" {
  type = string
}

variable "metrics_namespace" {
  type = string
}

variable "hours_without_audience" {
  type = number

  validation {
    condition     = var.hours_without_audience >= 1 && var.hours_without_audience <= 168
    error_message = "An alarm covers at most seven days: hours_without_audience must be from 1 to 168."
  }
}

variable "arrivals_queue" {
  type = string
}

variable "dead_letter_queue" {
  type = string
}

variable "alert_emails" {
  type = set(string)
}
