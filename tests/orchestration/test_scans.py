"""The scans of a run's sources start together, are taken one by one, and end with the run."""

import threading
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from refi_assets.errors import SourceError
from refi_assets.orchestration.scans import AT_ONCE, ScansResource
from tests.support.running import run_job


def logged_scan(scan: Callable[[], Any], log: list[str], name: str) -> Callable[[], Any]:
    def log_and_scan() -> Any:
        log.append(name)
        return scan()

    return log_and_scan


def fail() -> None:
    raise SourceError("loans.csv: the file is empty.")


def test_each_source_takes_the_result_or_the_error_of_its_own_scan() -> None:
    log: list[str] = []
    people: Any = "people"
    scans = {"loans": logged_scan(fail, log, "loans"), "people": logged_scan(lambda: people, log, "people")}
    with dg.build_init_resource_context() as context:
        resource = ScansResource()
        assert resource.take("people", scans) == people
        with pytest.raises(SourceError, match="the file is empty"):
            resource.take("loans", scans)
        assert sorted(log) == ["loans", "people"]
        assert resource.take("people", scans) == people, "a step that is retried scans again"
        assert sorted(log) == ["loans", "people", "people"]
        resource.teardown_after_execution(context)


def test_when_the_run_ends_no_scan_continues_and_none_starts() -> None:
    log: list[str] = []
    may_end = threading.Event()
    names = [f"source {number}" for number in range(AT_ONCE + 2)]
    scans = {name: logged_scan(may_end.wait, log, name) for name in names[1:]}
    resource = ScansResource()
    resource.take(names[0], {names[0]: logged_scan(lambda: None, log, names[0]), **scans})
    threading.Timer(0.2, may_end.set).start()
    with dg.build_init_resource_context() as context:
        resource.teardown_after_execution(context)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("scan")]
    assert log == names[: len(log)]
    assert len(log) < len(names)


def test_a_source_whose_asset_is_not_in_the_run_is_not_scanned(lake) -> None:
    (path,) = (lake / "raw" / "market_equity").rglob("*.csv")
    path.write_bytes(b"")
    assert run_job(lake, selection=["raw/loan_information"]).success
    with_market = run_job(lake, selection=["raw/loan_information", "raw/market_equity"])
    assert "market_equity.csv: the file is empty" in with_market.failure
    assert with_market.metadata("raw/loan_information")["dagster/row_count"] > 0
