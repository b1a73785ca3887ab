# The API as one ECS task on the EC2 instance that has the store: SQLite with a write-ahead log needs a disk of the
# machine itself (no EFS), and the runs that write the store use the same one. The cluster and its instances are yours.

locals {
  services = var.cluster_arn == "" ? [] : ["${var.name}-api"]
  store    = "/store"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.aws.account]
    }
  }
}

# What the API itself may do: read publications and the relations of runs.
data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = [for zone in ["output", "runs"] : "${var.lake.bucket_arn}/${var.lake.root}${zone}/*"]
  }

  # Without it, S3 answers 403 instead of 404 for a missing object.
  statement {
    sid       = "ListObjects"
    actions   = ["s3:ListBucket"]
    resources = [var.lake.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.lake.root}*"]
    }
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt"]
    resources = [var.lake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.aws.region}.amazonaws.com"]
    }
  }
}

# What ECS may do to start it: fetch the image, and write its log.
data "aws_iam_policy_document" "start" {
  statement {
    sid       = "GetToken"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # it has no other form
  }

  statement {
    sid       = "FetchImage"
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${var.aws.partition}:ecr:${var.aws.region}:${var.aws.account}:repository/${var.repository}"]
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for service in local.services : "${aws_cloudwatch_log_group.this[service].arn}:*"]
  }
}

resource "aws_iam_role" "this" {
  for_each = toset(local.services)

  name               = each.value
  description        = "The API: reads publications and the relations of runs."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  for_each = toset(local.services)

  name   = "serve"
  role   = aws_iam_role.this[each.value].id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_iam_role" "start" {
  for_each = toset(local.services)

  name               = "${each.value}-start"
  description        = "Lets ECS fetch the API's image and write its log."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "start" {
  for_each = toset(local.services)

  name   = "start"
  role   = aws_iam_role.start[each.value].id
  policy = data.aws_iam_policy_document.start.json
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

  # Of DuckDB, which spills to it, and of libraries that cannot do without a folder for temporary files.
  volume {
    name = "temporary"
  }

  container_definitions = jsonencode([
    {
      name                   = "api"
      image                  = "${var.aws.account}.dkr.ecr.${var.aws.region}.amazonaws.com/${var.repository}:${var.image_tag}"
      command                = ["refi", "serve", "--host", "0.0.0.0", "--port", "8080"]
      user                   = "10001:10001"
      essential              = true
      memory                 = var.memory_mb
      readonlyRootFilesystem = true
      stopTimeout            = 20 # it needs 10 at most
      linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      ulimits                = [{ name = "nofile", softLimit = 16384, hardLimit = 16384 }]
      portMappings           = [{ containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
      mountPoints = [
        { sourceVolume = "store", containerPath = local.store, readOnly = false },
        { sourceVolume = "temporary", containerPath = "/spill", readOnly = false },
      ]
      environment = [
        for name, value in merge({ REFI_STORE_DIR = local.store, HOME = "/spill" }, var.settings) : { name = name, value = value }
      ]
      healthCheck = {
        command     = ["CMD", "python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=5)"]
        interval    = 15
        timeout     = 10
        retries     = 4
        startPeriod = 60
      }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this[each.value].name
          awslogs-region        = var.aws.region
          awslogs-stream-prefix = "api"
        }
      }
    }
  ])
}

# One task, since one process writes events. A deployment stops it before it starts the next.
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
