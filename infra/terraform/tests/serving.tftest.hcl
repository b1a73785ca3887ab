# The API as a task of ECS: one, on the instance with the store, and with no more rights than reading.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/some" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/refi-api" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/refi-api:1" }
  }
}

variables {
  name           = "refi"
  cluster_arn    = "arn:aws:ecs:eu-west-1:111122223333:cluster/refi"
  repository     = "refi-assets"
  image_tag      = "7"
  store_path     = "/srv/refi/store"
  memory_mb      = 3072
  keep_logs_days = 90
  settings       = { AWS_REGION = "eu-west-1", REFI_LAKE_URL = "s3://a-lake/lake" }
  lake           = { bucket_arn = "arn:aws:s3:::a-lake", root = "lake/", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  aws            = { partition = "aws", region = "eu-west-1", account = "111122223333" }
}

run "there_is_one_task_and_never_a_second_beside_it" {
  module {
    source = "./modules/serving"
  }

  assert {
    condition = (
      aws_ecs_service.this["refi-api"].desired_count == 1
      && aws_ecs_service.this["refi-api"].deployment_maximum_percent == 100
      && aws_ecs_service.this["refi-api"].deployment_minimum_healthy_percent == 0
    )
    error_message = "Two tasks could write events at once."
  }

  assert {
    condition     = one(aws_ecs_service.this["refi-api"].placement_constraints).expression == "attribute:refi.store == refi"
    error_message = "The task may be placed on an instance without the store."
  }
}

run "the_task_serves_the_store_on_the_instance_and_writes_nowhere_else" {
  module {
    source = "./modules/serving"
  }

  assert {
    condition     = { for volume in aws_ecs_task_definition.this["refi-api"].volume : volume.name => volume.host_path if volume.name == "store" } == { store = "/srv/refi/store" }
    error_message = "The store is not on the instance's disk."
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this["refi-api"].container_definitions) : (
        container.command == ["refi", "serve", "--host", "0.0.0.0", "--port", "8080"]
        && container.image == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/refi-assets:7"
        && container.readonlyRootFilesystem && container.user == "10001:10001"
        && contains(container.environment, { name = "REFI_STORE_DIR", value = "/store" })
        && contains(container.environment, { name = "REFI_LAKE_URL", value = "s3://a-lake/lake" })
        && strcontains(join(" ", container.healthCheck.command), "/readyz")
      )
    ])
    error_message = "The container is not the API on that store."
  }
}

run "the_role_only_reads" {
  module {
    source = "./modules/serving"
  }

  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.this.statement : statement.actions])) == toset([
      "s3:GetObject", "s3:ListBucket", "kms:Decrypt",
    ])
    error_message = "The API may do more than read."
  }

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.this.statement : [for resource in statement.resources : resource != "*"]
    ]))
    error_message = "The API's policy has a wildcard for all resources."
  }
}

run "without_a_cluster_there_is_nothing" {
  module {
    source = "./modules/serving"
  }

  variables {
    cluster_arn = ""
  }

  assert {
    condition     = length(aws_ecs_service.this) + length(aws_ecs_task_definition.this) + length(aws_iam_role.this) + length(aws_iam_role.start) + length(aws_cloudwatch_log_group.this) == 0
    error_message = "Something of the API was created."
  }
}
