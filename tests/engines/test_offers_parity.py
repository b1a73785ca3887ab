"""The same customers get the same offers and verdicts, byte for byte, on every engine and in every lake."""

import pytest
from sqlglot import exp

from refi_assets.orchestration.resources import EngineResource
from tests.engines.deployments import ENGINES, Deployment, in_force, on_s3
from tests.engines.offer_outcomes import (
    CUSTOMERS,
    NO_SETTINGS,
    OFFERS,
    PROGRAM,
    SPLINK,
    OfferOutcome,
    OfferSource,
    Rows,
    folder_lake,
    offer_source,
    plain,
    require_same,
)
from tests.fakes.aws import Aws


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> OfferSource:
    """Two thousand customers."""
    return offer_source(tmp_path_factory.mktemp("offers"))


@pytest.fixture(scope="module")
def in_a_folder(source: OfferSource) -> OfferOutcome:
    """The outcome of DuckDB on a lake in a folder."""
    return source.run_in(folder_lake(source, "lake"), NO_SETTINGS)


def deployment_of(request: pytest.FixtureRequest, engine: str) -> Deployment:
    """A new deployment on the shared servers."""
    aws: Aws = request.getfixturevalue("aws" if engine == "duckdb" else engine)
    return on_s3(aws, engine)


@pytest.mark.parametrize("engine", [pytest.param("duckdb", marks=pytest.mark.long), "athena", "trino"])
def test_every_engine_makes_the_same_offers(
    request: pytest.FixtureRequest, engine: str, source: OfferSource, in_a_folder: OfferOutcome
) -> None:
    deployment = deployment_of(request, engine)
    require_same(source.run_in(deployment, NO_SETTINGS), in_a_folder, engine)
    assert len(in_a_folder.rows[OFFERS]) > CUSTOMERS / 10, "there are offers"
    if engine != "duckdb":
        assert in_catalog(deployment) == in_a_folder.rows[OFFERS]


def in_catalog(deployment: Deployment) -> Rows:
    """The rows of the catalog's table of offers, by a query on the deployment's engine."""
    table = exp.table_("offers", db=f"{deployment.env['REFI_GLUE_DATABASE']}_{PROGRAM}", quoted=True)
    with in_force(deployment), EngineResource().open(deployment.lake).session([]) as session:
        return plain(session.query(exp.select("*").from_(table)))


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_matched_customers_get_the_same_offers_on_every_engine(
    request: pytest.FixtureRequest, engine: str, source: OfferSource
) -> None:
    """With Splink: one offer a person."""
    expected = source.run_in(folder_lake(source, f"matched_{engine}"), SPLINK)
    require_same(source.run_in(deployment_of(request, engine), SPLINK), expected, engine)
    assert any("other_record_chosen" in row for row in expected.rows[f"{PROGRAM}/stops"])
