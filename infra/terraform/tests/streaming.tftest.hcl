# The stream as a task of ECS: one, beside the store, with the rights of a batch, and alarms when it is behind or gone.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/some" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/refi-stream" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/refi-stream:1" }
  }
}

variables {
  name                 = "refi"
  cluster_arn          = "arn:aws:ecs:eu-west-1:111122223333:cluster/lender"
  repository           = "refi-stream"
  image_tag            = "7"
  store_path           = "/srv/refi/store"
  state_path           = "/srv/refi/stream"
  checkpoint_on_s3     = false
  memory_mb            = 6144
  keep_logs_days       = 90
  settings             = { AWS_REGION = "eu-west-1", REFI_LAKE_URL = "s3://a-lake/lake" }
  secrets              = { REFI_KAFKA_PASSWORD = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:kafka-AbCdEf" }
  msk_cluster_arn      = ""
  topic_prefix         = "prod."
  lag_seconds          = 120
  dead_letters_an_hour = 100
  metrics_namespace    = "numbers"
  alerts               = { topic_arn = "arn:aws:sns:eu-west-1:111122223333:refi-alerts", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/alerts" }
  lake                 = { bucket = "a-lake", bucket_arn = "arn:aws:s3:::a-lake", root = "lake/", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  aws                  = { partition = "aws", region = "eu-west-1", account = "111122223333" }
}

run "there_is_one_task_and_never_a_second_beside_it" {
  module {
    source = "./modules/streaming"
  }

  assert {
    condition = (
      aws_ecs_service.this["refi-stream"].desired_count == 1
      && aws_ecs_service.this["refi-stream"].deployment_maximum_percent == 100
      && aws_ecs_service.this["refi-stream"].deployment_minimum_healthy_percent == 0
    )
    error_message = "Two tasks could run the query at once."
  }

  assert {
    condition     = one(aws_ecs_service.this["refi-stream"].placement_constraints).expression == "attribute:refi.store == refi"
    error_message = "The task may be placed on an instance without the store and the checkpoint."
  }
}

run "the_task_runs_the_query_with_its_state_on_the_instance" {
  module {
    source = "./modules/streaming"
  }

  assert {
    condition = {
      for volume in aws_ecs_task_definition.this["refi-stream"].volume : volume.name => volume.host_path if volume.name != "temporary"
    } == { store = "/srv/refi/store", stream = "/srv/refi/stream" }
    error_message = "The store or the checkpoint would go with the task."
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this["refi-stream"].container_definitions) : (
        container.command == ["refi", "risk", "stream"]
        && container.image == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/refi-stream:7"
        && container.readonlyRootFilesystem && container.user == "10001:10001"
        && container.stopTimeout == 120
        && contains(container.environment, { name = "REFI_STREAM_DIR", value = "/stream" })
        && contains(container.environment, { name = "REFI_LOG_FORMAT", value = "json" })
        && contains(container.environment, { name = "REFI_LAKE_URL", value = "s3://a-lake/lake" })
        && !strcontains(jsonencode(container.environment), "REFI_STREAM_CHECKPOINT")
        && strcontains(join(" ", container.healthCheck.command), "/healthz")
      )
    ])
    error_message = "The container is not the stream on that disk."
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this["refi-stream"].container_definitions) :
      container.secrets == [{ name = "REFI_KAFKA_PASSWORD", valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:kafka-AbCdEf" }]
    ])
    error_message = "The password of Kafka is not fetched from its secret."
  }
}

run "the_role_writes_batches_and_deletes_old_snapshots_alone" {
  module {
    source = "./modules/streaming"
  }

  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.this.statement : statement.actions])) == toset([
      "s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject", "kms:Decrypt", "kms:GenerateDataKey", "sns:Publish",
    ])
    error_message = "The stream may do more than write batches and send alerts."
  }

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.this.statement : tolist(statement.resources) if contains(statement.actions, "s3:PutObject")
    ]) == ["arn:aws:s3:::a-lake/lake/stream/risk/*"]
    error_message = "The stream may write elsewhere in the lake."
  }

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.this.statement : tolist(statement.resources) if contains(statement.actions, "s3:DeleteObject")
    ]) == ["arn:aws:s3:::a-lake/lake/stream/risk/snapshots/*"]
    error_message = "The stream may delete more than old snapshots, or not even these."
  }

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.this.statement : [for resource in statement.resources : resource != "*"]
    ]))
    error_message = "The stream's policy has a wildcard for all resources."
  }

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.start.statement : tolist(statement.resources) if statement.sid == "ReadSecrets"
    ]) == ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:kafka-AbCdEf"]
    error_message = "ECS may read other secrets, or not that of Kafka."
  }
}

run "a_checkpoint_on_s3_has_a_folder_of_its_own" {
  module {
    source = "./modules/streaming"
  }

  variables {
    checkpoint_on_s3 = true
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this["refi-stream"].container_definitions) :
      contains(container.environment, { name = "REFI_STREAM_CHECKPOINT", value = "s3://a-lake/lake/checkpoints" })
    ])
    error_message = "The query keeps its checkpoint elsewhere."
  }

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.this.statement : tolist(statement.resources) if contains(statement.actions, "s3:DeleteObject")
    ]) == ["arn:aws:s3:::a-lake/lake/stream/risk/snapshots/*", "arn:aws:s3:::a-lake/lake/checkpoints/*"]
    error_message = "The stream may delete more than old snapshots and files of its checkpoint, or not even these."
  }
}

run "msk_with_iam_allows_the_topics_of_the_stream_alone" {
  module {
    source = "./modules/streaming"
  }

  variables {
    msk_cluster_arn = "arn:aws:kafka:eu-west-1:111122223333:cluster/lender/0a1b-2"
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.this.statement : statement.sid => toset(statement.resources)
      if contains(["ReadTopics", "WriteTopics"], statement.sid)
      } == {
      ReadTopics = toset([
        for topic in ["loan-events", "transactions", "risk-markers"] : "arn:aws:kafka:eu-west-1:111122223333:topic/lender/0a1b-2/prod.${topic}"
      ])
      WriteTopics = toset([
        for topic in ["risk-scores", "risk-markers", "dead-letters"] : "arn:aws:kafka:eu-west-1:111122223333:topic/lender/0a1b-2/prod.${topic}"
      ])
    }
    error_message = "The stream may read or write other topics, or not its own."
  }

  assert {
    condition = alltrue(flatten([
      for statement in data.aws_iam_policy_document.this.statement : [for action in statement.actions : !strcontains(action, "*")]
    ]))
    error_message = "The policy has a wildcard for actions."
  }
}

run "alarms_are_raised_and_delivered" {
  module {
    source = "./modules/streaming"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.lag["refi-stream"].metric_name == one(aws_cloudwatch_log_metric_filter.this["StreamLagSeconds"].metric_transformation).name
      && aws_cloudwatch_metric_alarm.lag["refi-stream"].namespace == one(aws_cloudwatch_log_metric_filter.this["StreamLagSeconds"].metric_transformation).namespace
      && one(aws_cloudwatch_log_metric_filter.this["StreamLagSeconds"].metric_transformation).value == "$.lag_seconds"
      && aws_cloudwatch_metric_alarm.lag["refi-stream"].threshold == 120
      && aws_cloudwatch_metric_alarm.lag["refi-stream"].comparison_operator == "GreaterThanThreshold"
    )
    error_message = "A stream that is behind raises no alarm."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.dead_letters["refi-stream"].metric_name == "StreamDeadLetters"
      && aws_cloudwatch_metric_alarm.dead_letters["refi-stream"].threshold == 100
      && one(aws_cloudwatch_log_metric_filter.this["StreamDeadLetters"].metric_transformation).value == "$.dead_letters"
    )
    error_message = "Dead letters raise no alarm."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.absent["refi-stream"].dimensions == tomap({ ClusterName = "lender", ServiceName = "refi-stream" })
      && aws_cloudwatch_metric_alarm.absent["refi-stream"].statistic == "SampleCount"
      && aws_cloudwatch_metric_alarm.absent["refi-stream"].treat_missing_data == "breaching"
    )
    error_message = "A task that is gone raises no alarm."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.lag, aws_cloudwatch_metric_alarm.dead_letters, aws_cloudwatch_metric_alarm.absent] :
      alarm["refi-stream"].alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:refi-alerts"])
    ])
    error_message = "An alarm has no action."
  }
}

run "without_a_cluster_there_is_nothing" {
  module {
    source = "./modules/streaming"
  }

  variables {
    cluster_arn = ""
  }

  assert {
    condition = (
      length(aws_ecs_service.this) + length(aws_ecs_task_definition.this) + length(aws_iam_role.this) + length(aws_iam_role.start)
      + length(aws_cloudwatch_log_group.this) + length(aws_cloudwatch_log_metric_filter.this) + length(aws_cloudwatch_metric_alarm.lag)
      + length(aws_cloudwatch_metric_alarm.dead_letters) + length(aws_cloudwatch_metric_alarm.absent) == 0
    )
    error_message = "Something of the stream was created."
  }
}
