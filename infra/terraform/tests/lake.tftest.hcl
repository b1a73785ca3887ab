# The lake: closed, encrypted, versioned, tidy.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::a-lake" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-east-1:111122223333:key/lake" }
  }
}

variables {
  name                          = "refi"
  bucket_name                   = "a-lake"
  root                          = "some/lake/"
  keep_noncurrent_days          = 90
  keep_query_results_days       = 30
  keep_logs_days                = 90
  raw_to_infrequent_access_days = null
  force_destroy                 = false
}

run "closed_encrypted_versioned_and_tidy" {
  module {
    source = "./modules/lake"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.lake.block_public_acls,
      aws_s3_bucket_public_access_block.lake.block_public_policy,
      aws_s3_bucket_public_access_block.lake.ignore_public_acls,
      aws_s3_bucket_public_access_block.lake.restrict_public_buckets,
    ])
    error_message = "The bucket is open to the public in some way."
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.lake.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "Access control lists are enabled."
  }

  assert {
    condition     = aws_kms_key.lake.enable_key_rotation
    error_message = "The key is not rotated."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.lake.rule :
      rule.bucket_key_enabled
      && one(rule.apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
      && one(rule.apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:us-east-1:111122223333:key/lake"
    ])
    error_message = "Objects are not encrypted with the lake's key and a bucket key."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.lake.versioning_configuration).status == "Enabled"
    error_message = "Overwritten objects are lost."
  }

  assert {
    condition     = aws_s3_bucket_notification.lake.eventbridge
    error_message = "No events of arrivals are sent."
  }

  assert {
    condition     = aws_s3_bucket.lake.force_destroy == false
    error_message = "A full lake could be destroyed by accident."
  }

  # Plain HTTP is denied to everyone, on the bucket and its objects.
  assert {
    condition = anytrue([
      for statement in data.aws_iam_policy_document.bucket.statement :
      statement.effect == "Deny"
      && toset(statement.actions) == toset(["s3:*"])
      && toset(statement.resources) == toset(["arn:aws:s3:::a-lake", "arn:aws:s3:::a-lake/*"])
      && one(statement.principals).type == "*"
      && toset(one(statement.principals).identifiers) == toset(["*"])
      && one(statement.condition).test == "Bool"
      && one(statement.condition).variable == "aws:SecureTransport"
      && toset(one(statement.condition).values) == toset(["false"])
    ])
    error_message = "Plain HTTP is not denied."
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.bucket.statement : statement.effect == "Deny"])
    error_message = "The bucket's policy allows something; only roles may."
  }

  # Results of queries expire; tables and everything else stay.
  assert {
    condition = alltrue([
      for key in ["7e5b0d3a-0000-4000-8000-000000000000.csv", "f0aa0d3a-0000-4000-8000-000000000000.csv.metadata"] :
      anytrue([
        for rule in aws_s3_bucket_lifecycle_configuration.lake.rule :
        try(one(rule.expiration).days, null) == 30 && startswith("some/lake/athena/${key}", one(rule.filter).prefix)
      ])
    ])
    error_message = "Results of the pipeline's queries are kept forever."
  }

  assert {
    condition = alltrue([
      for key in ["athena/tables/7e5b/a.parquet", "raw/a/load_date=2026-01-01/a.csv", "runs/a/b", "output/latest.json",
      "memo/a/b.json", "resolved/a"] :
      !anytrue([
        for rule in aws_s3_bucket_lifecycle_configuration.lake.rule :
        try(coalesce(one(rule.expiration).days, 0), 0) > 0 && startswith("some/lake/${key}", one(rule.filter).prefix)
      ])
    ])
    error_message = "Something expires that an audience may be derived from."
  }

  assert {
    condition     = length([for rule in aws_s3_bucket_lifecycle_configuration.lake.rule : rule if length(rule.transition) > 0]) == 0
    error_message = "Source files are moved to other storage by default."
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.lake.rule :
      try(one(rule.abort_incomplete_multipart_upload).days_after_initiation, null) == 7
    ])
    error_message = "Unfinished uploads are kept, and paid for, forever."
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.lake.rule :
      try(one(rule.noncurrent_version_expiration).noncurrent_days, null) == 90
    ])
    error_message = "Old versions are kept, and paid for, forever."
  }
}

run "old_source_files_move_to_cheaper_storage_if_configured" {
  module {
    source = "./modules/lake"
  }

  variables {
    raw_to_infrequent_access_days = 60
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.lake.rule :
      [one(rule.filter).prefix, one(rule.transition).days, one(rule.transition).storage_class] if length(rule.transition) > 0
    ] == [["some/lake/raw/", 60, "STANDARD_IA"]]
    error_message = "Source files, and nothing else, should go to STANDARD_IA after 60 days."
  }
}
