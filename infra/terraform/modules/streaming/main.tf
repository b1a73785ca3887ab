# The stream of live default risk as one ECS task, beside the API on the EC2 instance that has the store: both use the same
# SQLite file. The checkpoint is on that instance's disk (EBS) or in the lake's bucket. Its permissions are in access.tf,
# its alarms in alarms.tf. The cluster, its instances and Kafka are yours.

locals {
  services = var.cluster_arn == "" ? [] : ["${var.name}-stream"]
  store    = "/store"
  state    = "/stream"

  checkpoint_url = "s3://${var.lake.bucket}/${var.lake.root}checkpoints"
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(local.services)

  name              = "/ecs/${each.value}"
  retention_in_days = var.keep_logs_days
}

resource "aws_ecs_task_definition" "this" {
  for_each = toset(local.services)

  family                   = each.value
  requires_compatibilities = ["EC2"]
  network_mode             = "bridge"
  task_role_arn            = aws_iam_role.this[each.value].arn
  execution_role_arn       = aws_iam_role.start[each.value].arn

  volume {
    name      = "store"
    host_path = var.store_path
  }

  # The lock of the query, and its checkpoint unless that is on S3.
  volume {
    name      = "stream"
    host_path = var.state_path
  }

  # Of Spark's shuffles, RocksDB and DuckDB. It goes with the task.
  volume {
    name = "temporary"
  }

  container_definitions = jsonencode([
    {
      name                   = "stream"
      image                  = "${var.aws.account}.dkr.ecr.${var.aws.region}.amazonaws.com/${var.repository}:${var.image_tag}"
      command                = ["refi", "risk", "stream"]
      user                   = "10001:10001"
      essential              = true
      memory                 = var.memory_mb
      readonlyRootFilesystem = true
      stopTimeout            = 120 # the running batch ends first, within ECS's most
      linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      mountPoints = [
        { sourceVolume = "store", containerPath = local.store, readOnly = false },
        { sourceVolume = "stream", containerPath = local.state, readOnly = false },
        { sourceVolume = "temporary", containerPath = "/spill", readOnly = false },
      ]
      environment = [
        for name, value in merge(
          {
            HOME            = "/spill"
            REFI_STORE_DIR  = local.store
            REFI_STREAM_DIR = local.state
            REFI_LOG_FORMAT = "json" # the alarm on lag reads it
          },
          var.checkpoint_on_s3 ? { REFI_STREAM_CHECKPOINT = local.checkpoint_url } : {},
          var.settings,
        ) : { name = name, value = value }
      ]
      secrets = [for name, arn in var.secrets : { name = name, valueFrom = arn }]
      healthCheck = {
        command     = ["CMD", "python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9109/healthz', timeout=5)"]
        interval    = 30
        timeout     = 10
        retries     = 4
        startPeriod = 300 # a restart replays a batch
      }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this[each.value].name
          awslogs-region        = var.aws.region
          awslogs-stream-prefix = "stream"
        }
      }
    }
  ])
}

# One task: a second one would fence the first. A deployment stops it before it starts the next.
resource "aws_ecs_service" "this" {
  for_each = toset(local.services)

  name                               = each.value
  cluster                            = var.cluster_arn
  task_definition                    = aws_ecs_task_definition.this[each.value].arn
  launch_type                        = "EC2"
  desired_count                      = 1
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  placement_constraints {
    type       = "memberOf"
    expression = "attribute:refi.store == ${var.name}"
  }
}
