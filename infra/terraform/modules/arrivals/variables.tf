variable "name" {
  type = string
}

variable "bucket" {
  type = string
}

variable "raw_prefix" {
  type = string
}

variable "visibility_timeout_seconds" {
  type = number
}
