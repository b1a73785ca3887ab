"""The scans of a run's sources: begun together, taken one by one, and none left when the run ends."""

import threading
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from refi_assets.errors import SourceError
from refi_assets.orchestration.scans import AT_ONCE, ScansResource
from tests.support.running import run_job


def scan_that(answers: Callable[[], Any], log: list[str], name: str) -> Callable[[], Any]:
    def scan() -> Any:
        log.append(name)
        return answers()

    return scan


def refuse() -> None:
    raise SourceError("loans.csv: the file is empty.")


def test_each_source_takes_its_own_scan_or_what_it_raised() -> None:
    begun: list[str] = []
    people: Any = "people"
    scans = {"loans": scan_that(refuse, begun, "loans"), "people": scan_that(lambda: people, begun, "people")}
    with dg.build_init_resource_context() as context:
        resource = ScansResource()
        assert resource.take("people", scans) == people
        with pytest.raises(SourceError, match="the file is empty"):
            resource.take("loans", scans)
        assert sorted(begun) == ["loans", "people"]
        assert resource.take("people", scans) == people, "a step that is tried again scans again"
        assert sorted(begun) == ["loans", "people", "people"]
        resource.teardown_after_execution(context)


def test_when_the_run_ends_no_scan_goes_on_and_none_begins() -> None:
    begun: list[str] = []
    may_end = threading.Event()
    names = [f"source {number}" for number in range(AT_ONCE + 2)]
    scans = {name: scan_that(may_end.wait, begun, name) for name in names[1:]}
    resource = ScansResource()
    resource.take(names[0], {names[0]: scan_that(lambda: None, begun, names[0]), **scans})
    threading.Timer(0.2, may_end.set).start()
    with dg.build_init_resource_context() as context:
        resource.teardown_after_execution(context)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("scan")]
    assert begun == names[: len(begun)]
    assert len(begun) < len(names)


def test_a_source_whose_asset_is_not_in_the_run_is_not_scanned(lake) -> None:
    (path,) = (lake / "raw" / "market_equity").rglob("*.csv")
    path.write_bytes(b"")
    assert run_job(lake, selection=["raw/loan_information"]).success
    both = run_job(lake, selection=["raw/loan_information", "raw/market_equity"])
    assert "market_equity.csv: the file is empty" in both.failure
    assert both.metadata("raw/loan_information")["dagster/row_count"] > 0
