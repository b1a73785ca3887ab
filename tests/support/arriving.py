"""A lender whose raw zone the sensor watches, tick by tick, at times set by the test."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from refi_assets.defs.refi import REFI
from refi_assets.orchestration import partitions
from refi_assets.orchestration.automation import tick
from refi_assets.orchestration.resources import LakeResource

NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2026, 2, 20, 5, 0, tzinfo=NEW_YORK)
DAILY = ("borrower_information", "loan_information", "borrower_engagement")
SOURCES = (*DAILY, "market_equity")
TODAY, YESTERDAY = "2026-02-20", "2026-02-19"


class Watched:
    """A lake and a sensor that ticks once a minute by default."""

    def __init__(self, lake_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lake_url, self.at = lake_url, START
        self.cursor: str | None = None
        self.instance = dg.DagsterInstance.ephemeral()
        monkeypatch.setattr(partitions, "now", lambda: self.at)

    def tick(self, minutes: float = 1) -> dg.SensorResult:
        self.at += timedelta(minutes=minutes)
        result = tick(REFI, self.cursor, LakeResource(url=self.lake_url), self.at)
        self.cursor = result.cursor
        return result

    def new(self, minutes: float = 1) -> dict[str, str] | None:
        """The new sources in the tick's run request; None if there is no request."""
        requests = self.tick(minutes).run_requests or []
        assert len(requests) <= 1
        return news(requests[0]) if requests else None


def news(request: dg.RunRequest) -> dict[str, str]:
    return {
        tag.removeprefix("refi/new_"): value.removeprefix("load_date=")
        for tag, value in request.tags.items()
        if tag.startswith("refi/new_")
    }


def said(tick: dg.SensorResult) -> str:
    """Why a tick asked for no run; empty if it did."""
    return (tick.skip_reason.skip_message if tick.skip_reason else None) or ""
