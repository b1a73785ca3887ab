"""The contents of OpenLineage events. Their destinations are tested in test_openlineage_transport.py.

The published schemas (OpenLineage.json and facets/ of the OpenLineage specification) are read from the folder
openlineage_spec of the shared data. Without it, events are compared only with the known answers below.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import dagster as dg
import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry, Resource

from refi_assets.lake import FolderStore
from refi_assets.lineage.events import AssetEvents
from refi_assets.settings import PROJECT_DIR
from tests.support.lender import Rows, lender, write
from tests.support.openlineage import Event, completed, events_of, read
from tests.support.running import DAY, Ran, ingest, run_job

SOURCES = ("borrower_engagement", "borrower_information", "loan_information", "market_equity")
READS = {
    **{f"catalog/{source}": {f"raw/{source}"} for source in SOURCES},
    **{f"staging/{source}": {f"catalog/{source}"} for source in SOURCES},
    "staging/quarantine": {f"staging/{source}" for source in SOURCES},
    "refi/judged_offer": {"staging/borrower_information", "staging/loan_information", "staging/market_equity"},
    "refi/unified_refi_dataset": {
        "refi/judged_offer", "staging/borrower_information", "staging/borrower_engagement"
    },
    "refi/unmatched_borrowers": {
        "staging/borrower_information", "staging/loan_information", "refi/judged_offer", "refi/unified_refi_dataset"
    },
    "refi/refi_eligibility": {"refi/unified_refi_dataset"},
    "identity/matched_pairs": {"staging/borrower_information"},
    "identity/resolved_borrower": {"staging/borrower_information", "identity/matched_pairs"},
    "identity/review_queue": {"identity/matched_pairs"},
    "identity/person_history": {"identity/resolved_borrower"},
    "refi/refi_audience": {
        "refi/refi_eligibility", "identity/resolved_borrower", "staging/borrower_information",
        "staging/borrower_engagement",
    },
    "activation/audience_file": {
        "refi/refi_audience", "refi/unmatched_borrowers", "staging/quarantine",
        "identity/review_queue", "identity/person_history",
    },
    "activation/shown_tables": {"activation/audience_file"},
    "activation/run_numbers": {"activation/audience_file"},
}  # fmt: skip


def with_a_bad_row() -> Rows:
    rows = lender()
    for n, row in enumerate(rows["borrower_information"]):
        row["phone"] = f"555-01{n:02}"
    rows["borrower_information"][39]["borrower_id"] = ""
    return rows


@pytest.fixture(scope="module")
def first_run(tmp_path_factory) -> tuple[Path, Ran, list[Event]]:
    """A lake, a run on it, and the run's events."""
    folder = tmp_path_factory.mktemp("openlineage")
    ingest(folder / "lake", write(with_a_bad_row(), folder / "source"))
    run = run_job(folder / "lake", identity="splink")
    assert run.success
    return folder / "lake", run, events_of(folder / "lake", run)


def test_each_asset_starts_and_completes_once_with_the_dagster_run_as_its_parent(first_run):
    _, run, events = first_run
    run_id = run.result.run_id

    assert completed(events).keys() == READS.keys() | {f"raw/{source}" for source in SOURCES}
    by_job_and_type = {(event["job"]["name"], event["eventType"]): event for event in events}
    assert len(by_job_and_type) == len(events) == 2 * (len(READS) + len(SOURCES))
    for (key, _), event in by_job_and_type.items():
        assert event["run"]["runId"] == str(uuid5(UUID(run_id), key))
        assert event["run"]["facets"]["parent"]["run"]["runId"] == run_id
        assert event["run"]["facets"]["parent"]["job"] == {"namespace": "refi_assets", "name": "refi", "facets": {}}
        assert by_job_and_type[key, "START"]["eventTime"] < by_job_and_type[key, "COMPLETE"]["eventTime"]


def test_inputs_are_the_outputs_of_other_events(first_run):
    lake, _, events = first_run
    by_job = completed(events)
    outputs = {key: [(d["namespace"], d["name"]) for d in event["outputs"]] for key, event in by_job.items()}

    for key, event in by_job.items():
        read = {(dataset["namespace"], dataset["name"]) for dataset in event["inputs"]}
        if key in READS:
            assert read == {name for read_key in READS[key] for name in outputs[read_key]}
        else:
            assert read == {("file", f"{lake}/{key}/load_date={DAY}/{key.removeprefix('raw/')}.csv")}


def test_columns_are_derived_from_these_columns(first_run):
    lake, _, events = first_run

    def sources(asset: str, column: str) -> set[tuple[str, str]]:
        lineage = completed(events)[asset]["outputs"][0]["facets"]["columnLineage"]["fields"]
        return {(field["name"].removeprefix(f"{lake}/"), field["field"]) for field in lineage[column]["inputFields"]}

    assert sources("activation/audience_file", "name") == {("refi/refi_audience", "name")}
    assert sources("refi/refi_audience", "name") == {
        ("staging/borrower_information", "first_name"), ("staging/borrower_information", "last_name")
    }  # fmt: skip
    assert sources("staging/market_equity", "ltv_ratio") == {("catalog/market_equity", "ltv_ratio")}


def test_the_event_of_unmatched_borrowers_in_full(first_run):
    lake, run, events = first_run
    event = completed(events)["refi/unmatched_borrowers"]
    ours = {"_producer": "pkg:pypi/refi-assets@0.1.0"}
    spec = "https://openlineage.io/spec"

    def facet(version: str, name: str, **fields: Any) -> Event:
        return {**ours, "_schemaURL": f"{spec}/facets/{version}/{name}.json#/$defs/{name}", **fields}

    def column(name: str, *assets: str) -> Event:
        field = {"namespace": "file", "field": name, "transformations": []}
        return {"inputFields": [field | {"name": f"{lake}/{asset}"} for asset in assets]}

    assert (event["producer"], event["schemaURL"]) == (
        ours["_producer"],
        f"{spec}/2-0-2/OpenLineage.json#/$defs/RunEvent",
    )
    assert event["run"]["facets"]["nominalTime"] == facet(
        "1-0-1", "NominalTimeRunFacet", nominalStartTime="2026-02-20T00:00:00-05:00"
    )
    assert event["job"]["namespace"] == "refi_assets"
    assert event["job"]["facets"]["jobType"] == facet(
        "2-0-4", "JobTypeJobFacet", processingType="BATCH", integration="DAGSTER", jobType="ASSET"
    )
    sql = event["job"]["facets"]["sql"]
    assert sql == facet("1-1-0", "SQLJobFacet", dialect="athena", query=sql["query"])
    assert sql["query"].endswith("with_others_offer.borrower_id = lost.borrower_id")
    assert event["outputs"] == [
        {
            "namespace": "file",
            "name": f"{lake}/refi/unmatched_borrowers",
            "facets": {
                "version": facet("1-0-1", "DatasetVersionDatasetFacet", datasetVersion=run.result.run_id),
                "schema": facet(
                    "1-2-0",
                    "SchemaDatasetFacet",
                    fields=[
                        {
                            "name": "borrower_id",
                            "type": "VARCHAR",
                            "description": "A borrower who owes the loan; the key if the file has no loan_id.",
                            "ordinal_position": 1,
                            "fields": [],
                        },
                        {
                            "name": "reason",
                            "type": "VARCHAR",
                            "description": "no_loan, no_market_data or no_own_offer.",
                            "ordinal_position": 2,
                            "fields": [],
                        },
                    ],
                ),
                "columnLineage": facet(
                    "1-2-0",
                    "ColumnLineageDatasetFacet",
                    dataset=[],
                    fields={
                        "borrower_id": column("borrower_id", "staging/borrower_information"),
                        "reason": column("borrower_id", "refi/judged_offer", "staging/loan_information"),
                    },
                ),
            },
            "outputFacets": {"outputStatistics": facet("1-0-2", "OutputStatisticsOutputDatasetFacet", rowCount=0)},
        }
    ]


def test_rows_are_counted(first_run):
    _, _, events = first_run
    rows = {
        key: event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"]
        for key, event in completed(events).items()
    }
    assert rows["raw/borrower_information"] == 40
    assert rows["staging/borrower_information"] == 39
    assert rows["staging/quarantine"] == 1
    assert rows["activation/audience_file"] == 10


def test_no_borrower_is_in_any_event(first_run):
    lake, run, _ = first_run
    text = (lake / "openlineage" / f"{run.result.run_id}.jsonl").read_text()
    personal = ("first_name", "last_name", "email", "phone", "borrower_id", "loan_id", "property_id")
    cells = {row[name] for rows in with_a_bad_row().values() for row in rows for name in personal if row.get(name)}

    assert len(cells) == 7 * 40
    assert [cell for cell in cells if cell in text] == []


def test_an_input_names_the_run_that_made_it(lake):
    instance = dg.DagsterInstance.ephemeral()
    full_run = run_job(lake, instance=instance)
    by_hand = run_job(lake, instance=instance, selection=["refi/refi_eligibility"])

    (event,) = completed(events_of(lake, by_hand)).values()
    (read_from,) = event["inputs"]
    assert read_from["name"] == f"{lake}/refi/unified_refi_dataset"
    assert read_from["facets"]["version"]["datasetVersion"] == full_run.result.run_id
    assert event["run"]["facets"]["parent"]["job"]["name"] == "by_hand"


def test_a_failed_asset_reports_the_message_that_the_user_sees(tmp_path):
    rows = lender()
    for row in rows["loan_information"]:
        del row["current_interest_rate"]
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    run = run_job(tmp_path / "lake")

    events = [e for e in events_of(tmp_path / "lake", run) if e["job"]["name"] == "catalog/loan_information"]
    assert [event["eventType"] for event in events] == ["START", "FAIL"]
    message = events[1]["run"]["facets"]["errorMessage"]["message"]
    assert "column 'current_interest_rate' is missing" in message
    assert run.failure.startswith(message)


@pytest.mark.parametrize(("error", "state"), [(ValueError("Given1 Family1"), "FAIL"), (KeyboardInterrupt(), "ABORT")])
def test_only_the_type_of_another_error_is_reported_since_its_message_may_quote_a_borrower(tmp_path, error, state):
    run_id = "6dc3b57f-6711-41bb-b0a8-5cc0e6847968"
    AssetEvents(FolderStore(str(tmp_path)), run_id, "refi", "refi/refi_audience", DAY, pytest.fail).fail(error)

    (event,) = read(tmp_path / "openlineage" / f"{run_id}.jsonl")
    assert event["eventType"] == state
    assert event["run"]["facets"]["errorMessage"]["message"] == type(error).__name__


SHARED_DATA = Path(os.environ.get("REFI_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
SPEC = SHARED_DATA / "openlineage_spec"
FORMATS = FormatChecker(["uuid"])


def is_date_time(text: object) -> bool:
    return not isinstance(text, str) or ("T" in text and datetime.fromisoformat(text).tzinfo is not None)


def is_uri(text: object) -> bool:
    return not isinstance(text, str) or (urlsplit(text).scheme != "" and " " not in text)


FORMATS.checks("date-time", raises=ValueError)(is_date_time)
FORMATS.checks("uri", raises=ValueError)(is_uri)


def validate(event: Event) -> None:
    """Validate an event and each of its facets by the published schema that it names. Raises ValidationError."""
    schemas = [json.loads(path.read_text()) for path in (SPEC / "OpenLineage.json", *(SPEC / "facets").glob("*.json"))]
    registry: Registry[Any] = Registry().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in schemas]
    )
    entities = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    kinds = ("facets", "inputFacets", "outputFacets")
    facets = [facet for entity in entities for kind in kinds for facet in entity.get(kind, {}).values()]
    for url, value in [(event["schemaURL"], event), *((facet["_schemaURL"], facet) for facet in facets)]:
        Draft202012Validator({"$ref": url}, registry=registry, format_checker=FORMATS).validate(value)


needs_spec = pytest.mark.skipif(
    not SPEC.is_dir(),
    reason="the OpenLineage specification is missing: put its folder spec at shared/data/openlineage_spec",
)


@needs_spec
def test_every_event_is_valid_against_the_published_schemas(first_run, tmp_path):
    _, _, events = first_run
    run_id = "6dc3b57f-6711-41bb-b0a8-5cc0e6847968"
    AssetEvents(FolderStore(str(tmp_path)), run_id, "refi", "refi/refi_audience", DAY, pytest.fail).fail(ValueError())

    for event in [*events, *read(tmp_path / "openlineage" / f"{run_id}.jsonl")]:
        validate(event)


@needs_spec
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("eventTime",), "yesterday"),
        (("eventType",), "DONE"),
        (("producer",), "not a uri"),
        (("run", "runId"), "17"),
        (("run", "facets", "parent", "run", "runId"), "17"),
        (("job", "name"), None),
        (("outputs", 0, "outputFacets", "outputStatistics", "rowCount"), "ten"),
        (("outputs", 0, "facets", "schema", "fields", 0, "name"), 1),
        (("outputs", 0, "facets", "columnLineage", "fields", "name"), {}),
    ],
)
def test_an_event_that_breaks_the_published_schemas_is_refused(first_run, path, value):
    _, _, events = first_run
    event = json.loads(json.dumps(completed(events)["activation/audience_file"]))
    place: Any = event
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(ValidationError):
        validate(event)
