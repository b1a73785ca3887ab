"""People's decisions in a lake on S3: an addition replaces only the version that was read, or is tried again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from refi_assets.identity.decisions import DECISIONS, append_decision, load_decisions
from refi_assets.lake import ObjectStore
from tests.engines.deployments import in_force, on_s3
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault


@pytest.fixture
def lake(aws: Aws) -> Iterator[ObjectStore]:
    deployment = on_s3(aws, "duckdb")
    with in_force(deployment):
        yield deployment.lake


def decide(lake: ObjectStore, number: int) -> None:
    append_decision(lake, (f"{number}-a", f"{number}-b"), "same", who="ann", why="")


@pytest.mark.not_the_pipeline
def test_no_decision_is_lost_if_many_people_decide_at_once(lake: ObjectStore) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda n: decide(lake, n), range(24)))
    assert sorted(load_decisions(lake).same) == sorted((f"{n}-a", f"{n}-b") for n in range(24))


@pytest.mark.not_the_pipeline
def test_a_decision_whose_answer_was_lost_is_stored_once(aws: Aws, lake: ObjectStore) -> None:
    decide(lake, 1)
    aws.faults(Fault("s3:PutObject", count=1, status=500, carried_out=True))
    decide(lake, 2)
    assert lake.get_and_etag(DECISIONS)[0].decode().count("2-a,2-b,same") == 1  # type: ignore[union-attr]
