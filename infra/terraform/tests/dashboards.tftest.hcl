# Dashboards see gold as analysts do, and nothing else.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name       = "refi"
  principals = ["arn:aws:quicksight:eu-west-1:111122223333:group/default/risk"]
  workgroup  = { name = "refi-analysts", arn = "arn:aws:athena:eu-west-1:111122223333:workgroup/refi-analysts" }
  database   = "db_analysts_gold"
  lake       = { bucket_arn = "arn:aws:s3:::a-lake", root = "lake/", key_arn = "arn:aws:kms:eu-west-1:111122223333:key/lake" }
  aws        = { partition = "aws", region = "eu-west-1", account = "111122223333" }
}

run "a_data_source_in_the_workgroup_of_analysts" {
  module {
    source = "./modules/dashboards"
  }

  assert {
    condition = alltrue([
      for parameters in aws_quicksight_data_source.this["refi-gold"].parameters : one(parameters.athena).work_group == "refi-analysts"
    ])
    error_message = "Queries of dashboards are not counted and limited with those of analysts."
  }

  assert {
    condition = {
      for statement in data.aws_iam_policy_document.this.statement : statement.sid => sort(statement.resources)
      if contains(["ReadGold", "KeepQueryResults", "ReadTablesOfGold"], statement.sid)
      } == {
      ReadGold         = tolist(["arn:aws:s3:::a-lake/lake/masked/*/gold/*"])
      KeepQueryResults = tolist(["arn:aws:s3:::a-lake/lake/analysts/*"])
      ReadTablesOfGold = tolist([
        "arn:aws:glue:eu-west-1:111122223333:catalog",
        "arn:aws:glue:eu-west-1:111122223333:database/db_analysts_gold",
        "arn:aws:glue:eu-west-1:111122223333:database/default",
        "arn:aws:glue:eu-west-1:111122223333:table/db_analysts_gold/*",
      ])
    }
    error_message = "Dashboards may read more than gold as analysts see it."
  }

  assert {
    condition = [
      for statement in data.aws_iam_policy_document.this.statement : statement.sid if contains(statement.resources, "*")
    ] == ["ListCatalogs"]
    error_message = "Only lists that have no ARNs may be allowed on all resources."
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.trust.statement).principals).identifiers == toset(["quicksight.amazonaws.com"])
    error_message = "Others than the service may assume its role."
  }
}

run "without_principals_there_is_nothing" {
  module {
    source = "./modules/dashboards"
  }

  variables {
    principals = []
  }

  assert {
    condition     = length(aws_quicksight_data_source.this) == 0 && length(aws_iam_role.this) == 0
    error_message = "There is a data source that nobody may use."
  }
}
