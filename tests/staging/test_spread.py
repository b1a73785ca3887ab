"""Staging by tasks, one for each file: the result is that of staging in one session, however the rows are divided.

Spark's own tasks are tested in tests/spark/.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import SourceError
from refi_assets.ingestion.files import ScannedFile
from refi_assets.ingestion.raw_zone import ingest_folder
from refi_assets.ingestion.snapshots import ScannedSnapshot, scan_source
from refi_assets.lake import RunFolder
from refi_assets.specs.contracts import load_contracts
from refi_assets.staging import spread
from tests.staging.test_stage_at_random import messy_files
from tests.support.agreement import require_same_spread
from tests.support.pickled_tasks import PickledTasks
from tests.support.sources import DAY, GOOD_ROW, MARKET, Sources, csv_bytes, loans_csv, market_csv

T = TypeVar("T")


@settings(max_examples=5)
@given(messy_files(most=5))
def test_messy_files_are_staged_by_tasks_as_in_one_session(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    require_same_spread(Sources(tmp_path_factory.mktemp("spread")), PickledTasks(), "market_equity", files)


@pytest.mark.parametrize("count", [1, 5])
def test_the_same_rows_have_the_same_outcome_in_any_number_of_files(sources: Sources, count: int) -> None:
    rows = ["P1,5,70,10", "P2,$5,70,10", "bad", "P1,5,70,10", "P3,5,,10", "P4,5,70,1", "P4,5,70,2", "P5,5,70,n/a"]
    files = {f"{part}.csv": market_csv(*rows[part::count]) for part in range(count)}
    staged = require_same_spread(sources, PickledTasks(), "market_equity", files)
    assert sorted(staged.column("property_id")) == ["P1", "P3", "P5"]
    assert staged.counts.quarantined == {
        **{"conflicting_key": 2, "duplicate_row": 1, "malformed_row": 1, "not_a_number": 1},
    }
    assert staged.counts.emptied == {"monthly_savings_est": {"N/A": 1}}


def test_parties_of_a_loan_in_several_files_are_compared(sources: Sources) -> None:
    header = "loan_id,borrower_id,borrower_role,current_interest_rate"
    files = {
        "a.csv": loans_csv("L1,B1,primary,6", "L2,B2,primary,6", "L3,B3,primary,5", header=header),
        "b.csv": loans_csv("L1,B4,co_borrower,6", "L2,B5,primary,6", header=header),
        "c.csv": loans_csv("L3,B6,co_borrower,5.5", "L4,B7,primary,5", header=header),
    }
    staged = require_same_spread(sources, PickledTasks(), "loan_information", files)
    assert [(row["loan_id"], row["borrower_id"]) for row in staged.accepted] == [
        *(("L1", "B1"), ("L1", "B4"), ("L4", "B7")),
    ]
    assert staged.counts.quarantined == {"conflicting_key": 4}


def test_compressed_files_parquet_and_files_without_rows_are_tasks_like_others(sources: Sources) -> None:
    parquet = sources.parquet(
        "SELECT 'P1' AS property_id, 5 AS market_rate_offer, 70 AS ltv_ratio, 10 AS monthly_savings_est"
    )
    files = {"a.csv.gz": market_csv("P1,5,70,10", "bad"), "b.parquet": parquet, "c.csv": MARKET.encode()}
    staged = require_same_spread(sources, PickledTasks(), "market_equity", files)
    assert staged.column("property_id") == ["P1"]
    assert staged.counts.quarantined == {"duplicate_row": 1, "malformed_row": 1}


@pytest.mark.parametrize("source", GOOD_ROW)
def test_every_source_is_staged_by_tasks(sources: Sources, source: str) -> None:
    good = GOOD_ROW[source]
    row = csv_bytes([[*good], [*good.values()]])
    staged = require_same_spread(sources, PickledTasks(), source, {"a.csv": row, "b.csv": row})
    assert (len(staged.accepted), staged.counts.quarantined) == (1, {"duplicate_row": 1})
    assert [*staged.accepted[0]] == [*load_contracts()[source].sql_types]


def test_files_in_a_declared_format_are_tasks_like_others(sources: Sources) -> None:
    contract = load_contracts()["disposition"]
    sources.contracts["disposition"] = replace(contract, file_format=replace(contract.file_format, encoding="cp1250"))
    header = "disp_id;client_id;account_id;type"
    files = {
        "a.asc": f'{header}\r\n1;"Žižka; Jan";7;OWNER\r\n2;5;8;"OWN'.encode("cp1250"),
        "b.asc": f'{header}\r\n1;"Žižka; Jan";7;OWNER\r\n3;6;8;DISPONENT\r\n'.encode("cp1250"),
    }
    staged = require_same_spread(sources, PickledTasks(), "disposition", files)
    assert [tuple(row.values()) for row in staged.accepted] == [
        ("1", "Žižka; Jan", "7", "owner"),
        ("3", "6", "8", "disponent"),
    ]
    assert staged.counts.quarantined == {"duplicate_row": 1, "malformed_row": 1}


def test_more_shared_keys_than_a_statement_takes_are_found(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "_NUMBERS_IN_A_STATEMENT", 3)
    rows = [f"P{number},5,70,10" for number in range(20)]
    files = {"a.csv": market_csv(*rows), "b.csv": market_csv(*rows[5:], "Q,5,70,10")}
    staged = require_same_spread(sources, PickledTasks(), "market_equity", files)
    assert staged.counts.quarantined == {"duplicate_row": 15}


def test_files_are_scanned_by_tasks_as_here_and_a_refused_one_leaves_nothing(sources: Sources) -> None:
    lake, contract = sources.lake, load_contracts()["market_equity"]
    good = {"a.csv": market_csv("P1,5,70,10", "bad"), "b.csv.gz": market_csv("P2,5,70,10"), "c.csv": market_csv("P3,1")}
    ingest_folder(
        lake, sources.new_folder({f"market_equity/{n}": data for n, data in good.items()}), DAY, ["market_equity"]
    )

    def scan(run_id: str, tasks: PickledTasks | None) -> ScannedSnapshot:
        run = RunFolder(lake, run_id)
        return scan_source(lake, DuckDBEngine(lake), contract, DAY, run, use_memo=False, tasks=tasks)[0]

    here, spread_out = scan("run", None), scan("run", PickledTasks())
    assert spread_out == here
    assert [file.malformed for file in here.files] == [1, 0, 1]

    Path(lake.url(f"raw/market_equity/load_date={DAY}/c.csv")).write_bytes(b"")
    with pytest.raises(SourceError, match=r"c\.csv: the file is empty"):
        scan("refused", PickledTasks())
    assert not list(lake.objects("runs/refused"))


class _Killed(PickledTasks):
    """Tasks of a process that is killed when the last of a kind has run on the first file."""

    def run(self, task: Callable[[int], T], names: Mapping[int, str]) -> list[T]:
        if task.__name__ == "accept":
            super().run(task, dict([*names.items()][:1]))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(task, names)


def _stage_and_die(sources: Sources, files: list[ScannedFile], run: RunFolder) -> None:
    sources.spread_scanned(_Killed(), "market_equity", files, run)


def test_a_killed_staging_is_started_again_in_the_same_run(sources: Sources) -> None:
    files = {"a.csv": market_csv("P1,5,70,10", "P2,5,70,10"), "b.csv": market_csv("P1,5,70,10", "P3,$5,70,10")}
    folder = sources.new_folder({f"market_equity/{name}": data for name, data in files.items()})
    scanned, run = sources.scan("market_equity", folder)
    process = multiprocessing.get_context("spawn").Process(target=_stage_and_die, args=(sources, scanned, run))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len(list(sources.lake.objects(run.key("staging/market_equity", "")))) == 1, "one file was accepted"
    staged = sources.spread_scanned(PickledTasks(), "market_equity", scanned, run)
    assert staged.column("property_id") == ["P1", "P2"]
    assert staged.counts.quarantined == {"duplicate_row": 1, "not_a_number": 1}
