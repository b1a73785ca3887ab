# Access: four roles. Their policies are in pipeline.tf, analysts.tf, recipients.tf and senders.tf, with one statement per
# purpose. All ARNs are inputs, so that the policies are known before anything is created.

locals {
  # The objects of each zone of the lake.
  zone = { for zone in ["raw", "accepted", "runs", "memo", "resolved", "decisions", "output", "export", "masked", "athena", "analysts", "logs", "openlineage", "pipes", "stream"] :
    zone => "${var.lake.bucket_arn}/${var.lake.root}${zone}"
  }

  roles = {
    pipeline = {
      description = "Runs the pipeline: reads source files, writes relations and audiences."
      principals  = var.pipeline_principals
      policy      = data.aws_iam_policy_document.pipeline.json
    }
    analysts = {
      description = "Reads masked copies of relations, and queries them."
      principals  = var.analyst_principals
      policy      = data.aws_iam_policy_document.analysts.json
    }
    recipients = {
      description = "Reads published files, in which people have names."
      principals  = var.recipient_principals
      policy      = data.aws_iam_policy_document.recipients.json
    }
    senders = {
      description = "Puts source files into raw/, nothing else."
      principals  = var.sender_principals
      policy      = data.aws_iam_policy_document.senders.json
    }
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRole"]

    dynamic "principals" {
      for_each = length(each.value.principals) == 0 ? { AWS = [var.account_arn] } : each.value.principals

      content {
        type        = principals.key
        identifiers = principals.value
      }
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = "${var.name}-${each.key}"
  description        = each.value.description
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = each.value.policy
}
