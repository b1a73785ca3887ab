# The pipeline's permissions. A test records every call of the pipeline and compares the calls with this policy, in both
# directions. Statements whose names begin with Behind are for actions that AWS takes with the caller's rights, which no
# test can see.

locals {
  pipeline_objects = [for zone in ["raw", "accepted", "runs", "memo", "resolved", "decisions", "output", "export", "masked", "athena", "logs", "openlineage"] :
    "${local.zone[zone]}/*"
  ]
}

data "aws_iam_policy_document" "pipeline" {
  # Of the stream, what it has written.
  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = concat(local.pipeline_objects, ["${local.zone.stream}/*"])
  }

  statement {
    sid       = "WriteObjects"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = local.pipeline_objects
  }

  # Not commits, manifests or latest.json. No statement allows deleting versions, so a deleted object can be restored.
  statement {
    sid     = "DeleteReplacedAndLeftOver"
    actions = ["s3:DeleteObject"]
    resources = [
      "${local.zone.raw}/*",
      "${local.zone.runs}/*",
      "${local.zone.memo}/*",
      "${local.zone.resolved}/*",
      "${local.zone.output}/*.csv",
      "${local.zone.masked}/*",
      "${local.zone.athena}/*",
    ]
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

  # Athena requests the bucket's location, and uploads large results in parts.
  statement {
    sid       = "BehindAthenaFindBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.lake.bucket_arn]
  }

  statement {
    sid       = "BehindAthenaListParts"
    actions   = ["s3:ListMultipartUploadParts"]
    resources = ["${local.zone.athena}/*"]
  }

  # S3 encrypts and decrypts with the caller's rights; an upload in parts needs both.
  statement {
    sid       = "BehindS3UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.lake.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid     = "ReadCatalog"
    actions = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
    resources = [
      var.catalog.catalog_arn,
      var.catalog.database_arn,
      var.catalog.tables_arn,
      var.catalog.group_databases_arn,
      var.catalog.group_tables_arn,
    ]
  }

  statement {
    sid     = "WriteTables"
    actions = ["glue:BatchDeleteTable", "glue:CreateTable", "glue:UpdateTable"]
    resources = [
      var.catalog.catalog_arn,
      var.catalog.database_arn,
      var.catalog.tables_arn,
      var.catalog.group_databases_arn,
      var.catalog.group_tables_arn,
    ]
  }

  # The database of a group other than refi is created with the group's first publication.
  statement {
    sid       = "CreateGroupDatabases"
    actions   = ["glue:CreateDatabase"]
    resources = [var.catalog.catalog_arn, var.catalog.group_databases_arn]
  }

  # Athena reads a table's partitions, if any.
  statement {
    sid     = "BehindAthenaReadPartitions"
    actions = ["glue:GetPartitions"]
    resources = [
      var.catalog.catalog_arn,
      var.catalog.database_arn,
      var.catalog.tables_arn,
      var.catalog.group_databases_arn,
      var.catalog.group_tables_arn,
    ]
  }

  # Athena looks up the database `default` for every query.
  statement {
    sid       = "BehindAthenaDefaultDatabase"
    actions   = ["glue:GetDatabase"]
    resources = [var.catalog.catalog_arn, var.catalog.default_database_arn]
  }

  dynamic "statement" {
    for_each = length(var.catalog.crawler_arns) == 0 ? [] : [var.catalog.crawler_arns]

    content {
      sid       = "Crawl"
      actions   = ["glue:GetCrawler", "glue:StartCrawler"]
      resources = statement.value
    }
  }

  # A mapping or workflow has no ARN before it is created.
  dynamic "statement" {
    for_each = var.matchings

    content {
      sid       = "CreateMatching"
      actions   = ["entityresolution:CreateMatchingWorkflow", "entityresolution:CreateSchemaMapping"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.matchings

    content {
      sid = "Match"
      actions = [
        "entityresolution:GetMatchingJob",
        "entityresolution:StartMatchingJob",
        "entityresolution:UpdateMatchingWorkflow",
      ]
      resources = [statement.value.workflow_arn]
    }
  }

  dynamic "statement" {
    for_each = var.matchings

    content {
      sid       = "PassRoleOfMatching"
      actions   = ["iam:PassRole"]
      resources = [statement.value.role_arn]

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["entityresolution.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.spark_jobs

    content {
      sid       = "RunSparkJob"
      actions   = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:StartJobRun"]
      resources = [statement.value.arn]
    }
  }

  # What Dagster and a job of Glue say to each other; the job deletes nothing there.
  dynamic "statement" {
    for_each = var.spark_jobs

    content {
      sid       = "TalkToSparkJob"
      actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${local.zone.pipes}/*"]
    }
  }

  statement {
    sid = "Query"
    actions = [
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = [var.workgroups.pipeline_arn]
  }

  dynamic "statement" {
    for_each = var.masking_secret_arns

    content {
      sid       = "ReadMaskingKey"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "ReadArrivals"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [var.queue_arn]
  }

  statement {
    sid       = "SendAlerts"
    actions   = ["sns:ListSubscriptionsByTopic", "sns:Publish"] # refi doctor lists the subscribers
    resources = [var.topic.arn]
  }

  statement {
    sid       = "BehindSnsUseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.topic.key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${var.region}.amazonaws.com"]
    }
  }

  # CloudWatch has no ARNs for metrics; the namespace is the limit.
  statement {
    sid       = "SendMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.metrics_namespace]
    }
  }
}
