# The task's rights: what a batch reads and writes in the lake, the alerts' topic and, if Kafka is an MSK with IAM, the
# stream's own topics there.

locals {
  lake = "${var.lake.bucket_arn}/${var.lake.root}"

  # cluster/NAME/UUID -> topic/NAME/UUID/TOPIC; likewise of transactional ids and groups.
  msk = { for kind in ["topic", "transactional-id", "group"] : kind => replace(var.msk_cluster_arn, ":cluster/", ":${kind}/") }

  topics_read    = ["loan-events", "transactions", "risk-markers"]
  topics_written = ["risk-scores", "risk-markers", "dead-letters"]
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

data "aws_iam_policy_document" "this" {
  # Publications and their relations are the first snapshot.
  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = [for zone in ["output", "runs", "stream/risk"] : "${local.lake}${zone}/*"]
  }

  statement {
    sid       = "WriteBatches"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = ["${local.lake}stream/risk/*"]
  }

  statement {
    sid       = "RemoveOldSnapshots"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.lake}stream/risk/snapshots/*"]
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

  # S3A renames and expires the files of a checkpoint.
  dynamic "statement" {
    for_each = var.checkpoint_on_s3 ? [1] : []

    content {
      sid       = "KeepCheckpoint"
      actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${local.lake}checkpoints/*"]
    }
  }

  statement {
    sid       = "UseKeyByS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.aws.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "SendAlerts"
    actions   = ["sns:Publish"]
    resources = [var.alerts.topic_arn]
  }

  statement {
    sid       = "UseKeyBySns"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.alerts.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${var.aws.region}.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = var.msk_cluster_arn == "" ? {} : {
      ConnectToKafka = {
        actions   = ["Connect", "DescribeCluster", "WriteDataIdempotently"]
        resources = [var.msk_cluster_arn]
      }
      ReadTopics = {
        actions   = ["DescribeTopic", "ReadData"]
        resources = [for topic in local.topics_read : "${local.msk.topic}/${var.topic_prefix}${topic}"]
      }
      WriteTopics = {
        actions   = ["DescribeTopic", "WriteData"]
        resources = [for topic in local.topics_written : "${local.msk.topic}/${var.topic_prefix}${topic}"]
      }
      WriteTransactions = {
        actions   = ["AlterTransactionalId", "DescribeTransactionalId"]
        resources = ["${local.msk["transactional-id"]}/*"]
      }
      ReadAsGroup = {
        actions   = ["AlterGroup", "DescribeGroup"]
        resources = ["${local.msk.group}/*"]
      }
    }

    content {
      sid       = statement.key
      actions   = [for action in statement.value.actions : "kafka-cluster:${action}"]
      resources = statement.value.resources
    }
  }
}

# What ECS may do to start it: fetch the image, its secrets, and write its log.
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

  dynamic "statement" {
    for_each = length(var.secrets) == 0 ? [] : [values(var.secrets)]

    content {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = statement.value
    }
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
  description        = "The stream: reads publications and Kafka, writes batches and alerts."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  for_each = toset(local.services)

  name   = "stream"
  role   = aws_iam_role.this[each.value].id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_iam_role" "start" {
  for_each = toset(local.services)

  name               = "${each.value}-start"
  description        = "Lets ECS fetch the stream's image and secrets, and write its log."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "start" {
  for_each = toset(local.services)

  name   = "start"
  role   = aws_iam_role.start[each.value].id
  policy = data.aws_iam_policy_document.start.json
}
