terraform {
  required_version = ">= 1.9"

  # The state is in the folder where `terraform init` runs. For a team, add a file backend.tf with your own backend,
  # such as an S3 bucket other than the lake. Commit .terraform.lock.hcl for the platforms that you use.
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

# Region and credentials come from the standard AWS variables (AWS_REGION, AWS_PROFILE and so on).
provider "aws" {
  default_tags {
    tags = var.tags
  }
}
