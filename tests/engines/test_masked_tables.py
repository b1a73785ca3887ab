"""Analysts' tables on engines with a catalog: hashes by a key from AWS Secrets Manager, in databases of their own."""

import hmac
from collections.abc import Iterator
from hashlib import sha256

import pytest
import sqlglot
from sqlglot import exp

from refi_assets.engines import open_analysts_catalog
from refi_assets.engines.base import Row
from refi_assets.errors import SettingError
from refi_assets.orchestration.masking import copy_publications
from refi_assets.orchestration.resources import EngineResource
from refi_assets.publishing.masking_key import MaskingKey
from refi_assets.publishing.publication import Publication
from tests.engines.deployments import Deployment, in_force, on_s3
from tests.fakes.aws import Aws

KEY = "a secret key of at least 32 bytes"
ADDRESS = "ann@example.com"
HASH = hmac.new(KEY.encode(), f"email\x1f{ADDRESS}".encode(), sha256).hexdigest()


def publish(deployment: Deployment, run_id: str) -> None:
    """A run that published two relations of refi and one of another group, with one row each, as the latest."""
    run, refi = {"run_id": run_id, "as_of": "2026-02-20"}, Publication("refi")
    relations = {
        "refi/unified_refi_dataset": {"borrower_id": run_id, "email": ADDRESS},
        "refi/refi_eligibility": {"borrower_id": run_id},
        "ml/customer_features": {"customer_id": run_id},
    }
    for key, row in relations.items():
        sql = exp.select(*(exp.Literal.string(value).as_(name) for name, value in row.items())).sql("athena")
        record = {"key": key, **run, "kind": "view", "columns": dict.fromkeys(row, "VARCHAR"), "sql": sql}
        deployment.lake.put_json(f"runs/{run_id}/{key}.json", record)
    versions = {key: {"run_id": run_id, "rows": 1} for key in relations}
    deployment.lake.put_json(refi.manifest_key(run_id), {**run, "relations": versions})
    assert refi.commit(deployment.lake, run, policy_overridden=False, force_latest=False) is None


@pytest.fixture(params=["athena", "trino"])
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    aws: Aws = request.getfixturevalue(request.param)
    secret = aws.client("secretsmanager").create_secret(Name=f"masking-{aws.unique}", SecretString=KEY)["ARN"]
    plain = on_s3(aws, request.param)
    masked = Deployment(plain.lake_url, {**plain.env, "REFI_MASKING_SECRET": secret})
    with in_force(masked):
        yield masked


def rows(deployment: Deployment, relation: str) -> list[Row]:
    """The rows of a relation's table in its database for analysts."""
    group, name = relation.split(".")
    database = deployment.env["REFI_GLUE_DATABASE"] + ("_analysts" if group == "refi" else f"_analysts_{group}")
    catalog = open_analysts_catalog(deployment.env["REFI_ENGINE"], deployment.lake)
    assert catalog is not None
    query = sqlglot.parse_one(f"SELECT * FROM {database}.{name}", read="athena")
    assert isinstance(query, exp.Query)
    with catalog.session([]) as session:
        return session.query(query)


def test_analysts_tables_show_the_newest_copy_with_hashes(deployment: Deployment) -> None:
    engine = EngineResource(kind=deployment.env["REFI_ENGINE"])
    for run_id in ("r1", "r2"):
        publish(deployment, run_id)
        (copy,) = copy_publications(deployment.lake, engine)
        assert copy.masked == {
            "refi/unified_refi_dataset": {"email": "email"},
            "refi/refi_eligibility": {},
            "ml/customer_features": {},
        }
        assert rows(deployment, "refi.unified_refi_dataset") == [{"borrower_id": run_id, "email": HASH}]
        assert rows(deployment, "refi.refi_eligibility") == [{"borrower_id": run_id}]
        assert rows(deployment, "ml.customer_features") == [{"customer_id": run_id}]


def test_a_secret_that_cannot_be_read_is_one_message(athena: Aws) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nothing-AbCdEf"
    plain = on_s3(athena, "athena")
    without_key = Deployment(plain.lake_url, {**plain.env, "REFI_MASKING_SECRET": arn})
    message = f"REFI_MASKING_SECRET, {arn}: ResourceNotFoundException"
    with in_force(without_key), pytest.raises(SettingError, match=message):
        MaskingKey.of_deployment()
