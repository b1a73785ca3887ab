"""The records of relations: what is written, what is read back, and records of other versions and kinds."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import LakeError
from refi_assets.identity.details import PairsDetails, PersonsDetails
from refi_assets.ingestion.details import CatalogDetails, SnapshotDetails, StagedDetails
from refi_assets.ingestion.files import ScannedFile
from refi_assets.ingestion.snapshots import ScannedSnapshot
from refi_assets.lake import Details, FolderStore, Relation, RunFolder
from refi_assets.lake.relations import QueryCost
from refi_assets.publishing.publish import PublishedDetails

RUN = "aec67102-1d3c-4abf-ac1b-5c0eae256052"

FILE = {
    "key": "raw/loan_information/load_date=2026-02-20/loan_information.csv",
    "size": 15190,
    "etag": '"984356-3b56"',
    "sha256": "996d2efa50fbe8175a3dc73f988e84fe0839f42b8c2304aa526309d12723961f",
    "rows": 254,
    "malformed": 1,
    "columns": ["loan_id", "servicer"],
    "respelled": {},
    "read_key": "runs/one/raw/loan_information.0.clean.csv",
    "malformed_key": "runs/one/raw/loan_information.0.malformed.csv",
    "line_breaks": [],
    "line_end": "\n",
    "padded": ["loan_id"],
}
PARQUET_FILE = {
    "key": "raw/loan_information/load_date=2026-02-19/loans.parquet",
    "size": 9000,
    "etag": None,
    "sha256": "3b974ce2f7bf661f0642130f225ca9d4eafd07fc3b10d231ef4f8db6bac05e29",
    "rows": 250,
    "malformed": 0,
    "columns": ["loan_id"],
    "respelled": {},
    "read_key": "raw/loan_information/load_date=2026-02-19/loans.parquet",
    "malformed_key": None,
    "line_breaks": [],
    "line_end": "\n",
    "padded": None,
}
MODEL = {"records": 246, "prior": 0.5, "comparisons": [{"name": "surname", "levels": [{"label": "alike", "m": 0.01}]}]}
SPLIT = {"borrower_id_1": "B1029", "borrower_id_2": "B2514", "probability": 0.99, "reason": "different dates of birth"}

# Of each kind of record: the details, and how lakes have had them since the first.
KINDS: dict[str, tuple[Details, dict[str, Any]]] = {
    "raw": (
        SnapshotDetails(
            snapshot=ScannedSnapshot(
                source="loan_information",
                load_date=date(2026, 2, 20),
                files=(
                    ScannedFile(
                        key="raw/loan_information/load_date=2026-02-20/loan_information.csv",
                        size=15190,
                        etag='"984356-3b56"',
                        sha256="996d2efa50fbe8175a3dc73f988e84fe0839f42b8c2304aa526309d12723961f",
                        rows=254,
                        malformed=1,
                        columns=("loan_id", "servicer"),
                        read_key="runs/one/raw/loan_information.0.clean.csv",
                        malformed_key="runs/one/raw/loan_information.0.malformed.csv",
                        padded=("loan_id",),
                    ),
                ),
                inferred={"loan_id": "string", "servicer": "string"},
            ),
            previous=ScannedSnapshot(
                source="loan_information",
                load_date=date(2026, 2, 19),
                files=(
                    ScannedFile(
                        key="raw/loan_information/load_date=2026-02-19/loans.parquet",
                        size=9000,
                        sha256="3b974ce2f7bf661f0642130f225ca9d4eafd07fc3b10d231ef4f8db6bac05e29",
                        rows=250,
                        malformed=0,
                        columns=("loan_id",),
                        read_key="raw/loan_information/load_date=2026-02-19/loans.parquet",
                    ),
                ),
                inferred={"loan_id": "bigint"},
            ),
        ),
        {
            "snapshot": {
                "source": "loan_information",
                "load_date": "2026-02-20",
                "files": [FILE],
                "copies": [],
                "inferred": {"loan_id": "string", "servicer": "string"},
            },
            "previous": {
                "source": "loan_information",
                "load_date": "2026-02-19",
                "files": [PARQUET_FILE],
                "copies": [],
                "inferred": {"loan_id": "bigint"},
            },
        },
    ),
    "catalog": (
        CatalogDetails(table="loan_information_csv", inferred={"loan_id": "string"}, inferred_before=None),
        {"table": "loan_information_csv", "inferred": {"loan_id": "string"}, "inferred_before": None},
    ),
    "catalog of an engine": (
        CatalogDetails(table="loans_csv", inferred={}, inferred_before={"loan_id": "bigint"}, database="refi"),
        {"table": "loans_csv", "inferred": {}, "inferred_before": {"loan_id": "bigint"}, "database": "refi"},
    ),
    "staging": (
        StagedDetails(
            quarantine="runs/one/staging/loan_information.quarantine.parquet",
            quarantined={"conflicting_key": 2, "missing_key": 1},
            nulled={"loan_amount": 1},
            keys=246,
            quarantined_keys=("B133", "B168"),
        ),
        {
            "quarantine": "runs/one/staging/loan_information.quarantine.parquet",
            "quarantined": {"conflicting_key": 2, "missing_key": 1},
            "nulled": {"loan_amount": 1},
            "keys": 246,
            "quarantined_keys": ["B133", "B168"],
        },
    ),
    "a model on DuckDB": (Details(), {}),
    "a model on Athena": (
        Details(queries=(QueryCost(id="q-1", bytes_scanned=5000, cost_usd=0.00005, queue_ms=70, run_ms=900),)),
        {
            "queries": [
                {"id": "q-1", "bytes_scanned": 5000, "cost_usd": 0.00005, "queue_ms": 70, "run_ms": 900},
            ]
        },
    ),
    "a model on Trino": (
        Details(queries=(QueryCost(id="q-1", bytes_scanned=5000, queue_ms=0, run_ms=12),)),
        {"queries": [{"id": "q-1", "bytes_scanned": 5000, "queue_ms": 0, "run_ms": 12}]},
    ),
    "pairs by Splink": (
        PairsDetails(
            engine="splink", match_threshold=0.99, review_threshold=0.5, model=MODEL, decisions="runs/one/x.csv"
        ),
        {
            "engine": "splink",
            "match_threshold": 0.99,
            "review_threshold": 0.5,
            "model": {
                "records": 246,
                "prior": 0.5,
                "comparisons": [{"name": "surname", "levels": [{"label": "alike", "m": 0.01}]}],
            },
            "decisions": "runs/one/x.csv",
        },
    ),
    "pairs by AWS": (
        PairsDetails(
            engine="aws",
            match_threshold=0.99,
            review_threshold=0.5,
            model=None,
            aws_job="job-1",
            records_not_processed=0,
        ),
        {
            "engine": "aws",
            "match_threshold": 0.99,
            "review_threshold": 0.5,
            "model": None,
            "aws_job": "job-1",
            "records_not_processed": 0,
        },
    ),
    "persons": (
        PersonsDetails(
            engine="splink", previous_run=None, splits={"different dates of birth": 1}, shown_splits=(SPLIT,)
        ),
        {
            "engine": "splink",
            "previous_run": None,
            "splits": {"different dates of birth": 1},
            "shown_splits": [
                {
                    "borrower_id_1": "B1029",
                    "borrower_id_2": "B2514",
                    "probability": 0.99,
                    "reason": "different dates of birth",
                }
            ],
        },
    ),
    "a publication": (
        PublishedDetails(file="output/one.csv", manifest="output/one.manifest.json", sha256="ae84", held_back=None),
        {
            "audience": "output/one.csv",
            "manifest": "output/one.manifest.json",
            "sha256": "ae84",
            "held_back": None,
        },
    ),
}
STAGED = KINDS["staging"][1]
each_kind = pytest.mark.parametrize(("details", "literal"), KINDS.values(), ids=KINDS)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(FolderStore(str(tmp_path / "lake")), RUN)


def record(details: dict[str, Any]) -> dict[str, Any]:
    """A record of a relation as a lake has it."""
    return {
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
        "seconds": 0.5,
        "inputs": {},
        "counts": {},
        "details": details,
        "fingerprint": "",
        "made_by": "",
    }


def put(folder: RunFolder, details: dict[str, Any]) -> Relation:
    folder.lake.put_json(folder.key("group/name", ".json"), record(details))
    return folder.load("group/name")


def written(folder: RunFolder) -> dict[str, Any]:
    found: dict[str, Any] = folder.lake.get_json(folder.key("group/name", ".json"))
    return found


@each_kind
def test_a_record_is_written_as_lakes_have_it(folder, details, literal):
    folder.save(
        Relation(
            key="group/name",
            run_id=RUN,
            as_of=date(2026, 2, 20),
            kind="table",
            rows=246,
            seconds=0.5,
            details=details,
        )
    )

    assert written(folder) == record(literal)


@each_kind
def test_a_record_of_a_lake_is_read(folder, details, literal):
    assert put(folder, literal).details_as(type(details)) == details


def test_a_record_from_before_copies_and_other_spellings_is_read(folder):
    details, literal = KINDS["raw"]
    older = json.loads(json.dumps(literal))
    for snapshot in older.values():
        del snapshot["copies"]
        for file in snapshot["files"]:
            del file["respelled"]

    assert put(folder, older).details_as(SnapshotDetails) == details


def test_of_a_record_from_before_padded_columns_they_are_not_known(folder):
    older = json.loads(json.dumps(KINDS["raw"][1]))
    for snapshot in older.values():
        for file in snapshot["files"]:
            del file["padded"]
    assert [file.padded for file in put(folder, older).details_as(SnapshotDetails).snapshot.files] == [None]


def test_a_field_of_another_version_is_neither_in_the_way_nor_lost(folder):
    relation = put(folder, {**STAGED, "sampled": {"by": [1, 2]}})

    assert relation.details_as(StagedDetails).keys == 246
    folder.save(relation)
    assert written(folder)["details"] == {**STAGED, "sampled": {"by": [1, 2]}}
    folder.save(relation.model_copy(update={"details": relation.details_as(StagedDetails)}))
    assert written(folder)["details"] == {**STAGED, "sampled": {"by": [1, 2]}}


def test_queries_are_added_to_what_else_was_measured(folder):
    details = put(folder, STAGED).details.model_copy(update={"queries": (QueryCost(id="q-1"),)})

    assert details.model_dump(mode="json") == {**STAGED, "queries": [{"id": "q-1"}]}


def test_a_record_of_another_kind_is_refused_with_its_key_run_and_field(folder):
    relation = put(folder, STAGED)

    with pytest.raises(LakeError) as refused:
        relation.details_as(PublishedDetails)

    assert str(refused.value) == (
        f"The record of group/name of run {RUN} is not a valid PublishedDetails: details.audience: Field required."
    )


def test_so_is_one_in_which_a_field_has_another_type_and_its_value_is_not_told(folder):
    relation = put(folder, {**STAGED, "quarantined": {"missing_key": "Okafor"}})

    with pytest.raises(
        LakeError, match=r"details\.quarantined\.missing_key: Input should be a valid integer"
    ) as refused:
        relation.details_as(StagedDetails)

    assert "Okafor" not in str(refused.value)


KIND_CLASSES = {type(details) for details, _ in KINDS.values()} - {Details}


@each_kind
def test_no_record_passes_for_one_of_another_kind(folder, details, literal):
    relation = put(folder, literal)

    for kind in KIND_CLASSES - {type(details)}:
        with pytest.raises(LakeError, match=f"is not a valid {kind.__name__}"):
            relation.details_as(kind)
