"""The records of relations: their JSON, and reading them as records of a kind."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import LakeError
from refi_assets.identity.details import PairsDetails, PersonsDetails
from refi_assets.ingestion.details import Baseline, CatalogDetails, Profile, SnapshotDetails, StagedDetails
from refi_assets.ingestion.files import ScannedFile
from refi_assets.ingestion.snapshots import ScannedSnapshot
from refi_assets.lake import Details, FolderStore, Relation, RunFolder
from refi_assets.lake.relations import QueryCost
from refi_assets.publishing.publish import PublishedDetails
from refi_assets.specs.outcomes import Cause

RUN = "aec67102-1d3c-4abf-ac1b-5c0eae256052"
FRIDAY = date(2026, 2, 20)
KEY = f"raw/loan_information/load_date={FRIDAY}/loan_information.csv"

FILE = ScannedFile(
    key=KEY,
    size=15190,
    etag='"984356-3b56"',
    sha256="996d2efa50fbe8175a3dc73f988e84fe0839f42b8c2304aa526309d12723961f",
    rows=254,
    malformed=1,
    columns=("loan_id", "servicer"),
    respelled={"Loan ID": "loan_id"},
    read_key="runs/one/raw/loan_information.0.clean.csv",
    malformed_key="runs/one/raw/loan_information.0.malformed.csv",
    padded=("loan_id",),
)
SNAPSHOT = ScannedSnapshot(
    source="loan_information", load_date=FRIDAY, files=(FILE,), inferred={"loan_id": "string", "servicer": "string"}
)
PROFILE = Profile(
    rows=3, numbers=2, quartile_1=Decimal("1.25"), median=Decimal("1.5"), quartile_3=Decimal("1.75"), zeros=0, whole=1
)
KINDS: dict[str, Details] = {
    "raw": SnapshotDetails(
        snapshot=SNAPSHOT,
        previous=SNAPSHOT,
        baseline=Baseline(run_id="zero", load_date=FRIDAY, rows=3, profiles={"loan_amount": PROFILE}),
    ),
    "catalog": CatalogDetails(table="loans_csv", inferred={"loan_id": "string"}, inferred_before=None),
    "staging": StagedDetails(
        quarantine="runs/one/staging/loan_information.quarantine.parquet",
        quarantined={"conflicting_key": 2, "missing_key": 1},
        nulled={"loan_amount": 1},
        keys=246,
        quarantined_keys=("B133", "B168"),
        emptied={"loan_type": {"N/A": 1}},
        invisible={},
        profiles={"loan_amount": PROFILE},
        file_medians={},
        shared={},
        causes=(Cause("missing_key", 1, "loan_id"),),
    ),
    "a model": Details(queries=(QueryCost(id="q-1", bytes_scanned=5000, queue_ms=0, run_ms=12),)),
    "pairs": PairsDetails(engine="splink", match_threshold=0.99, review_threshold=0.5, model={"prior": 0.5}),
    "persons": PersonsDetails(engine="splink", previous_run=None, splits={"two dates of birth": 1}, shown_splits=()),
    "a publication": PublishedDetails(
        file="output/one.csv", manifest="output/one.manifest.json", sha256="ae84", held_back=None
    ),
}
KIND_CLASSES = {type(details) for details in KINDS.values()} - {Details}
each_kind = pytest.mark.parametrize("details", KINDS.values(), ids=KINDS)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(FolderStore(str(tmp_path / "lake")), RUN)


def save(folder: RunFolder, details: Details) -> Relation:
    """Save a relation, and read it as another process does."""
    relation = Relation(key="group/name", run_id=RUN, as_of=FRIDAY, kind="table", rows=246, details=details)
    folder.save(relation)
    return RunFolder(FolderStore(str(folder.lake)), RUN).load("group/name")


def saved_json(folder: RunFolder) -> Any:
    return folder.lake.get_json(folder.key("group/name", ".json"))


@each_kind
def test_details_are_read_as_they_were_saved(folder, details):
    assert save(folder, details).details_as(type(details)) == details


@each_kind
def test_details_that_were_read_are_saved_unchanged(folder, details):
    relation = save(folder, details)
    record = saved_json(folder)

    folder.save(relation)

    assert saved_json(folder) == record


def test_a_record_is_readable_json_with_the_names_of_its_kind(folder):
    save(folder, KINDS["a publication"])

    assert saved_json(folder) == {
        "key": "group/name",
        "run_id": RUN,
        "as_of": "2026-02-20",
        "cadence": "daily",
        "kind": "table",
        "columns": {},
        "parquet": None,
        "kept": [],
        "deletes": None,
        "additions": None,
        "constants": {},
        "grain": [],
        "sql": None,
        "rows": 246,
        "seconds": 0.0,
        "inputs": {},
        "counts": {},
        "details": {
            "queries": [],
            "audience": "output/one.csv",
            "manifest": "output/one.manifest.json",
            "sha256": "ae84",
            "held_back": None,
        },
        "fingerprint": "",
        "made_by": "",
    }


def test_queries_are_added_to_the_other_measurements(folder):
    relation = save(folder, KINDS["staging"])
    details = relation.details.model_copy(update={"queries": (QueryCost(id="q-1"),)})

    added = save(folder, details).details_as(StagedDetails)

    assert added == KINDS["staging"].model_copy(update={"queries": (QueryCost(id="q-1"),)})


def test_a_record_of_another_kind_is_refused_with_its_key_run_and_field(folder):
    relation = save(folder, KINDS["staging"])

    with pytest.raises(LakeError) as refused:
        relation.details_as(PublishedDetails)

    assert str(refused.value) == (
        f"The record of group/name of run {RUN} is not a valid PublishedDetails: details.audience: Field required."
    )


def test_a_record_with_a_field_of_another_type_is_refused_without_its_value(folder):
    record = KINDS["staging"].model_dump() | {"quarantined": {"missing_key": "Okafor"}}
    relation = save(folder, Details.model_validate(record))

    with pytest.raises(
        LakeError, match=r"details\.quarantined\.missing_key: Input should be a valid integer"
    ) as refused:
        relation.details_as(StagedDetails)

    assert "Okafor" not in str(refused.value)


@each_kind
def test_no_record_passes_for_one_of_another_kind(folder, details):
    relation = save(folder, details)

    for kind in KIND_CLASSES - {type(details)}:
        with pytest.raises(LakeError, match=f"is not a valid {kind.__name__}"):
            relation.details_as(kind)
