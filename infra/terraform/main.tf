# The AWS resources of refi_assets: a lake, a catalog, workgroups, a queue of arrivals, alarms, four roles and,
# optionally, a role for Entity Resolution, a job of Glue, dashboards, and the API and the stream as tasks of ECS.
# docs/deploy-aws.md leads from an empty account to the first audience.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.name
  account   = data.aws_caller_identity.this.account_id
  root      = var.lake_prefix == "" ? "" : "${var.lake_prefix}/"

  glue     = "arn:${local.partition}:glue:${local.region}:${local.account}"
  lake_url = trimsuffix("s3://${module.lake.bucket}/${local.root}", "/")

  masking_secret_arns = var.masking_secret_arn == null ? [] : [var.masking_secret_arn]
}

module "lake" {
  source = "./modules/lake"

  name                          = var.name
  bucket_name                   = coalesce(var.bucket_name, "${var.name}-lake-${local.account}")
  root                          = local.root
  keep_noncurrent_days          = var.keep_noncurrent_days
  keep_query_results_days       = var.keep_query_results_days
  keep_logs_days                = var.keep_logs_days
  raw_to_infrequent_access_days = var.raw_to_infrequent_access_days
  force_destroy                 = var.force_destroy
}

module "catalog" {
  source = "./modules/catalog"

  name            = var.name
  database        = var.glue_database
  database_url    = "${local.lake_url}/athena/tables"
  crawled_sources = var.crawled_sources
  lake            = { bucket = module.lake.bucket, bucket_arn = module.lake.bucket_arn, root = local.root, key_arn = module.lake.key_arn }
  aws             = { partition = local.partition, region = local.region, account = local.account }
}

# Analysts have their own workgroup: their results are separate from the pipeline's tables, where they may not write, and
# their scans are counted and limited separately.

module "pipeline_queries" {
  source = "./modules/query"

  workgroup      = "${var.name}-pipeline"
  results_url    = "${local.lake_url}/athena/"
  key_arn        = module.lake.key_arn
  scan_cutoff_gb = var.pipeline_scan_cutoff_gb
  force_destroy  = var.force_destroy
}

module "analyst_queries" {
  source = "./modules/query"

  workgroup      = "${var.name}-analysts"
  results_url    = "${local.lake_url}/analysts/"
  key_arn        = module.lake.key_arn
  scan_cutoff_gb = var.analysts_scan_cutoff_gb
  force_destroy  = var.force_destroy
}

module "arrivals" {
  source = "./modules/arrivals"

  name                       = var.name
  bucket                     = module.lake.bucket
  raw_prefix                 = "${local.root}raw/"
  visibility_timeout_seconds = var.visibility_timeout_seconds
}

module "watching" {
  source = "./modules/watching"

  name                   = var.name
  account                = local.account
  partition              = local.partition
  region                 = local.region
  metrics_namespace      = var.metrics_namespace
  hours_without_audience = var.hours_without_audience
  arrivals_queue         = module.arrivals.queue
  dead_letter_queue      = module.arrivals.dead_letter_queue
  alert_emails           = var.alert_emails
}

module "matching" {
  source = "./modules/matching"

  name     = var.name
  workflow = var.entity_resolution_workflow
  database = var.glue_database
  lake     = { bucket_arn = module.lake.bucket_arn, root = local.root, key_arn = module.lake.key_arn }
  aws      = { partition = local.partition, region = local.region, account = local.account }
}

module "spark" {
  source = "./modules/spark"

  name              = var.name
  release           = var.spark_release
  workers           = { type = var.spark_worker_type, count = var.spark_workers }
  timeout_minutes   = var.spark_timeout_minutes
  metrics_namespace = var.metrics_namespace
  keep_logs_days    = var.keep_logs_days
  settings = merge(
    { AWS_REGION = local.region, REFI_LAKE_URL = local.lake_url, REFI_ENGINE = "spark" },
    var.spark_settings,
  )
  lake = { bucket = module.lake.bucket, bucket_arn = module.lake.bucket_arn, root = local.root, key_arn = module.lake.key_arn }
  aws  = { partition = local.partition, region = local.region, account = local.account }
}

module "dashboards" {
  source = "./modules/dashboards"

  name       = var.name
  principals = var.quicksight_principals
  workgroup  = { name = module.analyst_queries.name, arn = module.analyst_queries.arn }
  database   = "${var.glue_database}_analysts_gold"
  lake       = { bucket_arn = module.lake.bucket_arn, root = local.root, key_arn = module.lake.key_arn }
  aws        = { partition = local.partition, region = local.region, account = local.account }
}

module "serving" {
  source = "./modules/serving"

  name           = var.name
  cluster_arn    = var.api_cluster_arn
  repository     = var.api_repository
  image_tag      = var.api_image_tag
  store_path     = var.api_store_path
  memory_mb      = var.api_memory_mb
  keep_logs_days = var.keep_logs_days
  settings       = merge({ AWS_REGION = local.region, REFI_LAKE_URL = local.lake_url }, var.api_settings)
  lake           = { bucket_arn = module.lake.bucket_arn, root = local.root, key_arn = module.lake.key_arn }
  aws            = { partition = local.partition, region = local.region, account = local.account }
}

module "streaming" {
  source = "./modules/streaming"

  name                 = var.name
  cluster_arn          = var.stream_cluster_arn
  repository           = var.stream_repository
  image_tag            = var.stream_image_tag
  store_path           = var.api_store_path
  state_path           = var.stream_state_path
  checkpoint_on_s3     = var.stream_checkpoint_on_s3
  memory_mb            = var.stream_memory_mb
  keep_logs_days       = var.keep_logs_days
  settings             = merge({ AWS_REGION = local.region, REFI_LAKE_URL = local.lake_url, REFI_ALERTS_TOPIC_ARN = module.watching.topic_arn }, var.stream_settings)
  secrets              = var.stream_secrets
  msk_cluster_arn      = var.stream_msk_cluster_arn
  topic_prefix         = lookup(var.stream_settings, "REFI_KAFKA_TOPIC_PREFIX", "")
  lag_seconds          = var.stream_lag_seconds
  dead_letters_an_hour = var.stream_dead_letters_an_hour
  metrics_namespace    = var.metrics_namespace
  alerts               = { topic_arn = module.watching.topic_arn, key_arn = module.watching.key_arn }
  lake                 = { bucket = module.lake.bucket, bucket_arn = module.lake.bucket_arn, root = local.root, key_arn = module.lake.key_arn }
  aws                  = { partition = local.partition, region = local.region, account = local.account }
}

module "access" {
  source = "./modules/access"

  name       = var.name
  region     = local.region
  lake       = { bucket_arn = module.lake.bucket_arn, root = local.root, key_arn = module.lake.key_arn }
  workgroups = { pipeline_arn = module.pipeline_queries.arn, analysts_arn = module.analyst_queries.arn }
  catalog = {
    catalog_arn          = "${local.glue}:catalog"
    database_arn         = "${local.glue}:database/${var.glue_database}"
    default_database_arn = "${local.glue}:database/default"
    tables_arn           = "${local.glue}:table/${var.glue_database}/*"
    group_databases_arn  = "${local.glue}:database/${var.glue_database}_*"
    group_tables_arn     = "${local.glue}:table/${var.glue_database}_*/*"
    crawler_arns         = module.catalog.crawler_arns
  }
  queue_arn         = module.arrivals.queue_arn
  topic             = { arn = module.watching.topic_arn, key_arn = module.watching.key_arn }
  metrics_namespace = var.metrics_namespace
  matchings         = module.matching.matchings
  spark_jobs        = module.spark.jobs

  account_arn         = "arn:${local.partition}:iam::${local.account}:root"
  pipeline_principals = var.pipeline_principals
  analyst_principals  = var.analyst_principals
  sender_principals   = var.sender_principals

  recipient_principals = var.recipient_principals
  masking_secret_arns  = local.masking_secret_arns
}
