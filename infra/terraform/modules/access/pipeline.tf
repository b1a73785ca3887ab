# What the pipeline may do. A test records every call that the pipeline makes and holds it against this policy, in both
# directions. What no test can see, as AWS does it behind a call with the caller's rights, stands in statements whose
# names begin with Behind.

locals {
  pipeline_objects = [for zone in ["raw", "accepted", "runs", "memo", "resolved", "decisions", "output", "athena", "logs", "openlineage"] :
    "${local.zone[zone]}/*"
  ]
}

data "aws_iam_policy_document" "pipeline" {
  statement {
    sid       = "ReadObjects"
    actions   = ["s3:GetObject"]
    resources = local.pipeline_objects
  }

  statement {
    sid       = "WriteObjects"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = local.pipeline_objects
  }

  # Commits, manifests and latest.json are not among them. Versions are nowhere: what is deleted can be brought back.
  statement {
    sid     = "DeleteReplacedAndLeftOver"
    actions = ["s3:DeleteObject"]
    resources = [
      "${local.zone.raw}/*",
      "${local.zone.runs}/*",
      "${local.zone.memo}/*",
      "${local.zone.resolved}/*",
      "${local.zone.output}/*.csv",
      "${local.zone.athena}/*",
    ]
  }

  # Without it, S3 answers 403 and not 404 for an object that is not there.
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

  # Athena asks where the bucket is, and uploads large results in parts.
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

  # S3 encrypts and decrypts with the caller's rights; parts of an upload take both.
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

  # A database of a group that is not refi's is made when its relations are first shown.
  statement {
    sid       = "CreateGroupDatabases"
    actions   = ["glue:CreateDatabase"]
    resources = [var.catalog.catalog_arn, var.catalog.group_databases_arn]
  }

  # Athena reads the partitions of a table that has some.
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

  # Athena looks for the database `default` whatever a query reads.
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

  # AWS knows no ARN of what is yet to be created.
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

  statement {
    sid       = "ReadArrivals"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [var.queue_arn]
  }

  statement {
    sid       = "SendAlerts"
    actions   = ["sns:ListSubscriptionsByTopic", "sns:Publish"] # refi doctor asks who hears them
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

  # CloudWatch has no ARN for metrics: the namespace is what limits.
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
