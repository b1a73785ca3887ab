terraform {
  required_version = ">= 1.9"

  # State is kept where `terraform init` is run. For a team, add a file backend.tf with a backend of yours,
  # such as an S3 bucket other than the lake. Commit .terraform.lock.hcl there, made for the platforms you use.
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

# Region and credentials come by the standard AWS variables (AWS_REGION, AWS_PROFILE and so on).
provider "aws" {
  default_tags {
    tags = var.tags
  }
}
