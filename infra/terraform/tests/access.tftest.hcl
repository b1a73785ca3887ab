# Least privilege, in general. tests/infra/test_access.py checks the rendered policies call by call.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name       = "refi"
  region     = "us-east-1"
  lake       = { bucket_arn = "arn:aws:s3:::a-lake", root = "lake/", key_arn = "arn:aws:kms:us-east-1:111122223333:key/lake" }
  workgroups = { pipeline_arn = "arn:aws:athena:us-east-1:111122223333:workgroup/p", analysts_arn = "arn:aws:athena:us-east-1:111122223333:workgroup/a" }
  catalog = {
    catalog_arn          = "arn:aws:glue:us-east-1:111122223333:catalog"
    database_arn         = "arn:aws:glue:us-east-1:111122223333:database/db"
    default_database_arn = "arn:aws:glue:us-east-1:111122223333:database/default"
    tables_arn           = "arn:aws:glue:us-east-1:111122223333:table/db/*"
    group_databases_arn  = "arn:aws:glue:us-east-1:111122223333:database/db_*"
    group_tables_arn     = "arn:aws:glue:us-east-1:111122223333:table/db_*/*"
    crawler_arns         = []
  }
  queue_arn           = "arn:aws:sqs:us-east-1:111122223333:q"
  topic               = { arn = "arn:aws:sns:us-east-1:111122223333:t", key_arn = "arn:aws:kms:us-east-1:111122223333:key/alerts" }
  metrics_namespace   = "numbers"
  matchings           = []
  spark_jobs          = []
  account_arn         = "arn:aws:iam::111122223333:root"
  pipeline_principals = { Service = ["ecs-tasks.amazonaws.com"] }
  analyst_principals  = {}
  masking_secret_arns = []

  recipient_principals = { AWS = ["arn:aws:iam::111122223333:role/mailing"] }

  sender_principals = { AWS = ["arn:aws:iam::444455556666:role/bank"] }
}

run "least_privilege" {
  module {
    source = "./modules/access"
  }

  assert {
    condition = [
      for statement in concat(
        data.aws_iam_policy_document.pipeline.statement,
        data.aws_iam_policy_document.analysts.statement,
        data.aws_iam_policy_document.recipients.statement,
        data.aws_iam_policy_document.senders.statement,
      ) : statement.sid if contains(statement.resources, "*")
    ] == ["SendMetrics"]
    error_message = "Only cloudwatch:PutMetricData, which has no ARNs, may be allowed on all resources."
  }

  assert {
    condition = alltrue(flatten([
      for statement in concat(
        data.aws_iam_policy_document.pipeline.statement,
        data.aws_iam_policy_document.analysts.statement,
        data.aws_iam_policy_document.recipients.statement,
        data.aws_iam_policy_document.senders.statement,
      ) : [for action in statement.actions : !strcontains(action, "*")]
    ]))
    error_message = "A policy has a wildcard for actions."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.pipeline.statement :
      one(statement.condition).variable == "cloudwatch:namespace" && one(statement.condition).values == tolist(["numbers"])
      if statement.sid == "SendMetrics"
    ])
    error_message = "Metrics may be put into other namespaces."
  }

  # Only the configured principals may assume a role.
  assert {
    condition = {
      for role, document in data.aws_iam_policy_document.trust :
      role => flatten([for principal in one(document.statement).principals : tolist(principal.identifiers)])
      } == {
      pipeline   = ["ecs-tasks.amazonaws.com"]
      analysts   = ["arn:aws:iam::111122223333:root"]
      recipients = ["arn:aws:iam::111122223333:role/mailing"]
      senders    = ["arn:aws:iam::444455556666:role/bank"]
    }
    error_message = "Others than the configured principals may assume a role."
  }
}

run "a_crawler_may_be_started_if_there_is_one" {
  module {
    source = "./modules/access"
  }

  variables {
    catalog = {
      catalog_arn          = "arn:aws:glue:us-east-1:111122223333:catalog"
      database_arn         = "arn:aws:glue:us-east-1:111122223333:database/db"
      default_database_arn = "arn:aws:glue:us-east-1:111122223333:database/default"
      tables_arn           = "arn:aws:glue:us-east-1:111122223333:table/db/*"
      group_databases_arn  = "arn:aws:glue:us-east-1:111122223333:database/db_*"
      group_tables_arn     = "arn:aws:glue:us-east-1:111122223333:table/db_*/*"
      crawler_arns         = ["arn:aws:glue:us-east-1:111122223333:crawler/refi-raw"]
    }
  }

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.pipeline.statement : tolist(statement.resources) if statement.sid == "Crawl"
    ]) == ["arn:aws:glue:us-east-1:111122223333:crawler/refi-raw"]
    error_message = "The pipeline may not start its crawler, or may start others."
  }
}

run "matching_may_use_its_own_workflow_and_role_if_there_is_one" {
  module {
    source = "./modules/access"
  }

  variables {
    matchings = [{
      workflow_arn = "arn:aws:entityresolution:us-east-1:111122223333:matchingworkflow/refi-borrowers"
      role_arn     = "arn:aws:iam::111122223333:role/refi-matcher"
    }]
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.pipeline.statement : statement.sid => one(statement.resources)
      if contains(["CreateMatching", "Match", "PassRoleOfMatching"], coalesce(statement.sid, "-"))
      } == {
      CreateMatching     = "*"
      Match              = "arn:aws:entityresolution:us-east-1:111122223333:matchingworkflow/refi-borrowers"
      PassRoleOfMatching = "arn:aws:iam::111122223333:role/refi-matcher"
    }
    error_message = "The pipeline may not match, or may use workflows and roles of others."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.pipeline.statement :
      one(statement.condition).values == tolist(["entityresolution.amazonaws.com"]) if statement.sid == "PassRoleOfMatching"
    ])
    error_message = "The matcher's role may be passed to other services."
  }
}

run "the_masking_key_may_be_read_if_there_is_one" {
  module {
    source = "./modules/access"
  }

  variables {
    masking_secret_arns = ["arn:aws:secretsmanager:us-east-1:111122223333:secret:refi-masking-AbCdEf"]
  }

  assert {
    condition = {
      for role, statements in {
        pipeline   = data.aws_iam_policy_document.pipeline.statement
        analysts   = data.aws_iam_policy_document.analysts.statement
        recipients = data.aws_iam_policy_document.recipients.statement
        senders    = data.aws_iam_policy_document.senders.statement
      } : role => flatten([for statement in statements : tolist(statement.resources) if contains(statement.actions, "secretsmanager:GetSecretValue")])
      } == {
      pipeline   = ["arn:aws:secretsmanager:us-east-1:111122223333:secret:refi-masking-AbCdEf"]
      analysts   = []
      recipients = []
      senders    = []
    }
    error_message = "Others than the pipeline may read the masking key, or the pipeline may not, or may read other secrets."
  }
}
