"""The policy matcher, on examples with answers from IAM's documentation."""

from typing import Any

import pytest

from tests.fakes.iam import Call, UnsupportedPolicyError, denied, on_all_resources, statements, unused

pytestmark = pytest.mark.long

BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"


def policy(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **part} for part in parts]}


def is_allowed(document: dict[str, Any], action: str, resource: str, **conditions: str) -> bool:
    return not denied(document, [Call(action, resource, {key.replace("_", ":"): v for key, v in conditions.items()})])


def test_a_call_that_no_statement_allows_is_denied():
    document = policy({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"})
    assert is_allowed(document, "s3:GetObject", f"{BUCKET}/a")
    assert not is_allowed(document, "s3:PutObject", f"{BUCKET}/a")
    assert not is_allowed(document, "s3:GetObject", "arn:aws:s3:::another-bucket/a")
    assert not is_allowed(document, "s3:GetObject", BUCKET)


def test_a_deny_wins_over_any_allow_in_either_order():
    allow = {"Action": "s3:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": f"{BUCKET}/kept/*"}
    for document in (policy(allow, deny), policy(deny, allow)):
        assert not is_allowed(document, "s3:DeleteObject", f"{BUCKET}/kept/a")
        assert is_allowed(document, "s3:DeleteObject", f"{BUCKET}/other/a")


@pytest.mark.parametrize("action", ["CreateAccessKey", "DeleteAccessKey", "ListAccessKeys", "UpdateAccessKey"])
def test_the_documented_wildcard_in_actions_matches_the_documented_actions(action: str):
    assert is_allowed(policy({"Action": "iam:*AccessKey*", "Resource": "*"}), f"iam:{action}", "*")


def test_actions_ignore_case_and_resources_do_not():
    document = policy({"Action": "IAM:listaccesskeys", "Resource": "arn:aws:iam::111122223333:user/Ann"})
    assert is_allowed(document, "iam:ListAccessKeys", "arn:aws:iam::111122223333:user/Ann")
    assert not is_allowed(document, "iam:ListAccessKeys", "arn:aws:iam::111122223333:user/ann")


@pytest.mark.parametrize(
    ("key", "matches"),
    [
        ("1/test/object.jpg", True),
        ("1/2/test/object.jpg", True),
        ("1/2/test/3/object.jpg", True),
        ("1/2/3/test/4/object.jpg", True),
        ("1-test/object.jpg", False),
        ("test/object.jpg", False),
        ("1/2/test.jpg", False),
    ],
)
def test_the_documented_star_in_resources_matches_the_documented_objects(key: str, matches: bool):
    document = policy({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*/test/*"})
    assert is_allowed(document, "s3:GetObject", f"{BUCKET}/{key}") is matches


@pytest.mark.parametrize(("key", "matches"), [("log1", True), ("log12", False), ("log", False), ("Log1", False)])
def test_a_question_mark_is_one_character(key: str, matches: bool):
    document = policy({"Action": "s3:GetObject", "Resource": f"{BUCKET}/log?"})
    assert is_allowed(document, "s3:GetObject", f"{BUCKET}/{key}") is matches


def test_other_characters_in_a_pattern_are_literal():
    document = policy({"Action": "s3:GetObject", "Resource": f"{BUCKET}/[a].csv"})
    assert is_allowed(document, "s3:GetObject", f"{BUCKET}/[a].csv")
    assert not is_allowed(document, "s3:GetObject", f"{BUCKET}/a.csv")
    assert not is_allowed(document, "s3:GetObject", f"{BUCKET}/[a]xcsv")


def test_a_prefix_condition_limits_listings():
    document = policy(
        {
            "Action": "s3:ListBucket",
            "Resource": BUCKET,
            "Condition": {"StringLike": {"s3:prefix": ["raw/*", "output/*"]}},
        }
    )
    assert is_allowed(document, "s3:ListBucket", BUCKET, s3_prefix="raw/loan/")
    assert is_allowed(document, "s3:ListBucket", BUCKET, s3_prefix="output/")
    assert not is_allowed(document, "s3:ListBucket", BUCKET, s3_prefix="runs/")
    assert not is_allowed(document, "s3:ListBucket", BUCKET, s3_prefix="RAW/loan/")
    assert not is_allowed(document, "s3:ListBucket", BUCKET)  # no prefix: the key is absent from the request


def test_equality_takes_no_wildcards():
    document = policy(
        {
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "refi*"}},
        }
    )
    assert is_allowed(document, "cloudwatch:PutMetricData", "*", cloudwatch_namespace="refi*")
    assert not is_allowed(document, "cloudwatch:PutMetricData", "*", cloudwatch_namespace="refi_assets")


def test_keys_are_joined_by_and_and_values_by_or_and_key_names_ignore_case():
    document = policy(
        {
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:ViaService": ["s3.us-east-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"]},
                "StringLike": {"AWS:PrincipalTag/team": "lend*"},
            },
        }
    )
    call = Call(
        "kms:Decrypt", "*", {"KMS:viaservice": "s3.eu-west-1.amazonaws.com", "aws:principaltag/TEAM": "lending"}
    )
    assert denied(document, [call]) == []
    other_team = Call("kms:Decrypt", "*", {**call.conditions, "aws:principaltag/TEAM": "sales"})
    assert denied(document, [other_team]) == [other_team]
    no_team = Call("kms:Decrypt", "*", {"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert denied(document, [no_team]) == [no_team]


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike"])
def test_an_absent_key_matches_no_condition(operator: str):
    document = policy({"Action": "s3:ListBucket", "Resource": BUCKET, "Condition": {operator: {"s3:prefix": "raw/"}}})
    assert not is_allowed(document, "s3:ListBucket", BUCKET)
    assert is_allowed(document, "s3:ListBucket", BUCKET, s3_prefix="raw/")
    assert not is_allowed(document, "s3:ListBucket", BUCKET, s3_prefix="runs/")


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"NotAction": "s3:*", "Resource": "*"}, "NotAction"),
        ({"Action": "s3:*", "NotResource": "*"}, "NotResource"),
        ({"Action": "s3:*", "Resource": "*", "Principal": "*"}, "Principal"),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}, "aws:username"),
        (
            {"Action": "s3:*", "Resource": "*", "Condition": {"StringLike": {"s3:prefix": "${aws:username}/*"}}},
            "aws:username",
        ),
        (
            {"Action": "s3:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
            "IpAddress",
        ),
        (
            {"Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"s3:prefix": "raw/"}}},
            "StringNotEquals",
        ),
        (
            {"Action": "s3:*", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"a:b": "c"}}},
            "ForAnyValue:StringEquals",
        ),
        ({"Action": "s3:*", "Resource": "*", "Effect": "Perhaps"}, "Perhaps"),
    ],
)
def test_an_unsupported_element_is_an_error(part: dict[str, Any], named: str):
    with pytest.raises(UnsupportedPolicyError, match=named):
        statements(policy(part))


def test_an_old_version_of_the_language_is_an_error():
    with pytest.raises(UnsupportedPolicyError, match="2008-10-17"):
        statements({"Version": "2008-10-17", "Statement": []})


def test_an_action_is_unused_if_its_own_statement_covers_no_call():
    document = policy(
        {"Sid": "Read", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{BUCKET}/a/*"},
        {"Sid": "Elsewhere", "Action": "s3:GetObject", "Resource": f"{BUCKET}/b/*"},
        {"Sid": "Never", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": f"{BUCKET}/*"},
    )
    assert unused(document, [Call("s3:GetObject", f"{BUCKET}/a/1")]) == [
        "Read: s3:PutObject",
        "Elsewhere: s3:GetObject",
    ]
    assert unused(document, []) == ["Read: s3:GetObject", "Read: s3:PutObject", "Elsewhere: s3:GetObject"]


def test_statements_on_all_resources_are_listed_and_denials_are_not():
    document = policy(
        {"Sid": "Wide", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a/*", "*"]},
        {"Sid": "Narrow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"},
        {"Sid": "Shut", "Effect": "Deny", "Action": "s3:*", "Resource": "*"},
    )
    assert [statement.sid for statement in on_all_resources(document)] == ["Wide"]


def test_a_calls_text_has_its_action_resource_and_conditions():
    assert str(Call("s3:ListBucket", BUCKET, {"s3:prefix": "raw/"})) == f"s3:ListBucket on {BUCKET} (s3:prefix=raw/)"
