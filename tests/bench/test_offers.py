"""The bench of offers: the comparison with the bare script's files, and the page, from fixed measurements."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.compare_offers import TYPES, differences
from bench.offers import BARE, OURS, render

OFFER = (
    *("C1", "excellent", "good", "good", "0.700000", "0.012345", "15000.00", "6.500000", "48"),
    *("355.72", "355.60", "450.00", "14550.00", "2524.44", "17074.44", "8.100000", "2026-05-31"),
)


def write(folder: Path, offers: Sequence[Sequence[str]], verdicts: Sequence[Sequence[str]]) -> Path:
    folder.mkdir()
    for name, rows in (("offers", offers), ("verdicts", verdicts)):
        lines = [",".join(row) for row in (tuple(TYPES[name]), *rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_numbers_that_are_equal_are_not_a_difference_however_they_are_written(tmp_path):
    verdicts = [("C1", "", "", ""), ("C2", "trust", "identity_unverified", "identity_unverified|opted_out")]
    ours = write(tmp_path / "ours", [OFFER], verdicts)
    theirs = write(tmp_path / "theirs", [(*OFFER[:4], "0.7", "0.012345", "15000", *OFFER[7:])], verdicts)

    assert differences(ours, theirs) == {
        "offers": {"ours": 1, "missing": 0, "wrongly": 0, "other": 0},
        "verdicts": {"ours": 2, "missing": 0, "wrongly": 0, "other": 0},
    }


def test_a_cent_a_reason_and_a_customer_are_differences(tmp_path):
    ours = write(tmp_path / "ours", [OFFER], [("C1", "", "", ""), ("C2", "trust", "a", "a"), ("C3", "", "", "")])
    other = (*OFFER[:9], "355.73", *OFFER[10:])
    theirs = write(tmp_path / "theirs", [other], [("C1", "", "", ""), ("C2", "trust", "b", "b"), ("C4", "", "", "")])

    assert differences(ours, theirs) == {
        "offers": {"ours": 1, "missing": 0, "wrongly": 0, "other": 1},
        "verdicts": {"ours": 3, "missing": 1, "wrongly": 1, "other": 1},
    }


def runs(seconds: Sequence[float], cpu: float, peak: float) -> list[dict[str, float]]:
    return [{"seconds": wall, "cpu_seconds": cpu, "peak_gib": peak} for wall in seconds]


def measured(ours: Sequence[float], bare: Sequence[float], peak: float = 0.7) -> dict[str, Any]:
    return {
        "machine": "a machine",
        "customers": 200_000,
        "rounds": {OURS: runs(ours, 12.0, peak), BARE: runs(bare, 4.0, 0.9)},
        "steps": {"staging/customer_credit_profiles": 2.5, "checks": 0.5},
        "offers": 49_701,
        "verdicts": 198_652,
    }


def row_of(page: str, start: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"| {start}"))


def test_the_page_has_medians_and_ratios_of_the_same_rounds():
    page = render(measured(ours=[9.0, 30.0, 10.0], bare=[4.0, 3.0, 20.0]), {})

    assert row_of(page, OURS) == f"| {OURS} | 10.0 | 9.0 30.0 10.0 | 2.50 | 12.0 | 3.00 | 0.70 |"
    assert row_of(page, "below 20 s") == "| below 20 s | 10.0 s | reached |"
    assert row_of(page, "at most 6 times") == "| at most 6 times bare Polars | 2.50 times | reached |"
    assert "49,701 offers and 198,652 verdicts are the same" in page
    assert "Not measured yet" in page


@pytest.mark.parametrize(
    ("goal", "figures"),
    [
        ("below 20 s", measured(ours=[20.0], bare=[10.0])),
        ("at most 6 times", measured(ours=[12.1], bare=[2.0])),
        ("below 2 GiB", measured(ours=[9.0], bare=[3.0], peak=2.0)),
    ],
)
def test_a_goal_that_is_missed_says_so(goal, figures):
    assert row_of(render(figures, {}), goal).endswith("**not reached** |")


def test_time_per_customer_is_compared_between_the_smallest_and_the_largest_run():
    same = {"cpu_seconds": 50.0, "peak_gib": 1.5, "offers": 250_000}
    kept = {
        "machine": "a machine",
        "runs": {"1000000": {"seconds": 30.0, **same}, "5000000": {"seconds": 165.0, **same}},
    }

    page = render(measured(ours=[9.0], bare=[3.0]), kept)

    assert row_of(page, "5,000,000") == "| 5,000,000 | 250,000 | 165 | 33.0 | 10.0 | 1.50 |"
    assert "1.10 times as long per customer" in page
