"""Every asset check of a program, failing: it runs alone on a copy of the lake in which a relation was changed."""

import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
import yaml

from tests.orchestration.doctored import Change, added, parquet, record, replaced, with_column
from tests.support.offer_runs import WEEK, OfferRuns
from tests.support.running import definitions, run_job

PROGRAM = "loan_offer_targeting"
GRAPH = definitions("off").resolve_asset_graph()
CHECKS = {
    f"{key.asset_key.path[1]} {key.name}": key for key in GRAPH.asset_check_keys if key.asset_key.path[0] == PROGRAM
}
CUSTOMER = "'B0X' AS customer_id"
REASON = f"{CUSTOMER}, CAST(1 AS INTEGER) AS filter_place, CAST(1 AS INTEGER) AS rule_place"

# Relation -> the values of its key.
RELATIONS = {
    "price_list": "'x' AS credit_tier, CAST(1 AS DECIMAL(18,2)) AS amount",
    "state_rule": "'ZZ' AS state",
    "affordable": f"{CUSTOMER}, 'x' AS credit_tier",
    **dict.fromkeys(("customers", "scored", "priced", "offers"), CUSTOMER),
    **dict.fromkeys(("features", "verdicts"), "CAST(NULL AS VARCHAR) AS customer_id"),
    "judged": REASON,
    "stops": REASON,
    "subject": "CAST(NULL AS VARCHAR) AS customer_id, DATE '2026-03-02' AS as_of",
}
DECLARED = ("keys_unique", "not_null", "schema_as_declared")

# Scores by twentieths: half in one, half in the next.
MOVED = [0] * 17 + [9, 9, 0]


def of_one(customer_id: str, value: str, column: str) -> Change:
    """Change a column for one customer."""
    return replaced(f"CASE customer_id WHEN '{customer_id}' THEN {value} ELSE {column} END", column)


# (check, the relation that is changed, change, number of the outcome), by severity.
BLOCKS: list[tuple[str, str, Change, float]] = [
    ("verdicts every_customer_accounted_for", "verdicts", of_one("LOW", "NULL", "first_reason"), 1),
    ("verdicts every_customer_accounted_for", "verdicts", of_one("RICH00", "'opted_out'", "first_reason"), 1),
    ("verdicts every_customer_accounted_for", "verdicts", parquet("FROM it WHERE customer_id <> 'LOW'"), 1),
    (
        "offers no_offer_to_a_stopped_customer",
        "judged",
        parquet("FROM it UNION ALL BY NAME SELECT 'RICH00' AS customer_id, 1 AS filter_place, 1 AS rule_place"),
        1,
    ),
    ("offers one_offer_a_person", "offers", of_one("RICH01", "'person-RICH00'", "person_id"), 1),
    ("offers terms_of_the_tier", "offers", of_one("RICH00", "note_rate_pct + 0.01", "note_rate_pct"), 1),
    ("offers terms_of_the_tier", "offers", of_one("RICH00", "term_months + 1", "term_months"), 1),
    ("offers terms_of_the_tier", "offers", of_one("RICH00", "origination_fee - 0.01", "origination_fee"), 1),
    ("offers terms_of_the_tier", "offers", of_one("RICH00", "50100", "amount"), 1),
    ("offers tier_not_above_segment", "offers", of_one("MODEST", "'excellent'", "tier"), 1),
    ("offers rates_are_exact", "offers", of_one("RICH00", "apr_pct + 0.000001", "apr_pct"), 1),
]
WARNS: list[tuple[str, str, Change, float]] = [
    ("stops filter_shares_are_steady", "stops", record(counts={"alone: trust": 10}), 50),  # of 20 customers
    # Probabilities of default were all in the first twentieth: (f - 1) ln f + 2 (.5 - f) ln(.5 / f), with f = .0001.
    (
        "scored scores_are_steady",
        "scored",
        record(details={"histograms": {"approval": MOVED, "default": MOVED}}),
        17.724909,
    ),
    ("scored scores_are_reused", "scored", record(details={"from_cache": {"approval": 0, "default": 0}}), 0),
]


@pytest.fixture(scope="module")
def home(offer_runs: OfferRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the Dagster instance of the runs, for evaluations."""
    return Path(shutil.copytree(offer_runs.environment["DAGSTER_HOME"], tmp_path_factory.mktemp("checks") / "home"))


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


@pytest.fixture(scope="module")
def strict_policy(offer_runs: OfferRuns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy of the run, but half of the scores must come from earlier runs."""
    manifest = json.loads((offer_runs.lake / "output" / PROGRAM / f"{offer_runs.run_ids[1]}.manifest.json").read_text())
    values = manifest["policy"]["values"]
    values["checks"]["cache_share_pct_below"] = "50"
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def evaluated(
    runs: OfferRuns,
    instance: dg.DagsterInstance,
    folder: Path,
    asset: str,
    changes: Mapping[str, Change],
    policy: Path,
) -> Mapping[str, dg.AssetCheckEvaluation]:
    """The checks of an asset on a copy of the lake with changed relations."""
    lake = Path(shutil.copytree(runs.lake, folder / "lake"))
    for relation, change in changes.items():
        change(lake / "runs" / runs.run_ids[1] / PROGRAM / f"{relation}.json")
    job = f"checks_of_{PROGRAM}_{asset}"
    ran = run_job(lake, date.fromisoformat(WEEK), job=job, instance=instance, memo="off", policies={PROGRAM: policy})
    return {name.partition("/")[2]: evaluation for name, evaluation in ran.checks.items()}


@pytest.mark.parametrize("relation", RELATIONS)
def test_the_declaration_of_a_relation_is_checked(offer_runs, instance, tmp_path, strict_policy, relation):
    def change(path: Path) -> None:
        added(RELATIONS[relation], times=2)(path)
        with_column(path)

    checks = evaluated(offer_runs, instance, tmp_path, relation, {relation: change}, strict_policy)

    for name, number in zip(DECLARED, (1, 2, 1), strict=True):
        evaluation = checks[f"{relation} {name}"]
        assert not evaluation.passed, name
        assert evaluation.metadata["number"].value == number, name
        assert CHECKS[f"{relation} {name}"] in GRAPH.asset_check_keys
        assert GRAPH.get_check_spec(CHECKS[f"{relation} {name}"]).blocking


@pytest.mark.parametrize(
    ("severity", "check", "relation", "change", "number"),
    [*(("ERROR", *case) for case in BLOCKS), *(("WARN", *case) for case in WARNS)],
)
def test_a_check_of_a_program_fails(
    offer_runs, instance, tmp_path, strict_policy, severity, check, relation, change, number
):
    asset = check.partition(" ")[0]

    evaluation = evaluated(offer_runs, instance, tmp_path, asset, {relation: change}, strict_policy)[check]

    assert not evaluation.passed
    assert evaluation.severity.value == severity
    assert evaluation.metadata["number"].value == number
    assert GRAPH.get_check_spec(CHECKS[check]).blocking is (severity == "ERROR")


def test_every_check_of_a_program_is_tested_failing():
    declared = {f"{relation} {name}" for relation in RELATIONS for name in DECLARED}
    assert declared | {check for check, *_ in (*BLOCKS, *WARNS)} == CHECKS.keys()
