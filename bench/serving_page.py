"""docs/serving-performance.md: the text of bench/serving.md, filled in with tables and verdicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.page import table
from bench.request_mix import EVENT, READS

TEMPLATE = Path(__file__).with_name("serving.md")
OURS, TUTORIAL = "refi serve", "FastAPI's tutorial"
GOAL_RATE, GOAL_READ_MS, GOAL_EVENT_MS, ORIGINAL_MS = 1_000, 5, 10, 15
BROKEN_MS = 100
NOISE_CORES = 0.2

Figures = dict[str, Any]  # of one rate


def render(measured: dict[str, Any]) -> str:
    """The page, from what serving.measure() returned."""
    ours, tutorial = measured[OURS], measured[TUTORIAL]
    alone = ours["runs"] + ours["ladder"]
    parts = {
        **{name: measured[name] for name in ("machine", "vegeta", "customers", "seconds")},
        "goal_rate": GOAL_RATE,
        "sync_p50": ours["sync_ms"]["p50"],
        "sync_p99": ours["sync_ms"]["p99"],
        "noise": _noise(alone + ours["beside"] + tutorial["runs"]),
        "goals": table(("goal", "measured", ""), _goals(ours)),
        "latencies": _latencies(alone),
        "limit": _limit(alone),
        **{name: ours[name] for name in ("answered_events", "recorded_events")},
        "processors": _processors(alone + ours["beside"] + tutorial["runs"]),
        "batches": _batches(ours["beside"]),
        "tutorial": _latencies(tutorial["runs"]),
        "tutorial_limit": _limit(tutorial["runs"]),
    }
    return TEMPLATE.read_text(encoding="utf-8").format_map(parts)


def is_broken(figures: Figures) -> bool:
    """Whether requests failed, or reads had a P99 above the limit."""
    return bool(figures["failures"]) or _slowest(figures, READS) > BROKEN_MS


def _slowest(figures: Figures, kinds: Sequence[str]) -> float:
    return max(float(figures["kinds"][kind]["p99"]) for kind in kinds)


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "**not reached**"


def _goals(ours: dict[str, Any]) -> list[tuple[str, str, str]]:
    (figures,) = (figures for figures in ours["runs"] if figures["rate"] == GOAL_RATE)
    reads, events, all_kinds = (_slowest(figures, kinds) for kinds in (READS, [EVENT], [*READS, EVENT]))
    limit = GOAL_EVENT_MS + ours["sync_ms"]["p50"]
    failures = sum(figures["failures"].values())
    return [
        (f"P99 of each kind of read below {GOAL_READ_MS} ms", f"{reads:.2f} ms", _verdict(reads < GOAL_READ_MS)),
        (
            f"P99 of events below {GOAL_EVENT_MS} ms and a sync of the disk: {limit:.2f} ms",
            f"{events:.2f} ms",
            _verdict(events < limit),
        ),
        ("no failure", f"{failures:,}", _verdict(failures == 0)),
        (
            f"P99 of every kind below the {ORIGINAL_MS} ms that the original program claims for its look-ups",
            f"{all_kinds:.2f} ms",
            _verdict(all_kinds < ORIGINAL_MS),
        ),
    ]


def _noise(runs: list[Figures]) -> str:
    """A warning if other programs disturbed the measurements."""
    others = max(figures["cores"]["others"] for figures in runs)
    if others < NOISE_CORES:
        return ""
    return f"**Other programs used up to {others:.2f} of the cores: these figures are of a busy machine.**\n\n"


def _latencies(runs: list[Figures]) -> str:
    heads = ("requests a second", "s", "kind", "requests", "P50", "P99", "P99.9", "most", "failures of all kinds")
    return table(heads, [row for figures in runs for row in _rows(figures, f"{figures['rate']:,}", figures["seconds"])])


def _rows(figures: Figures, name: str, seconds: float) -> list[tuple[str, ...]]:
    """A row for each kind of request; all failures are in the first."""
    failures = ", ".join(f"{number:,}: {failure}" for failure, number in figures["failures"].items())
    return [
        (
            name,
            f"{seconds:.0f}",
            kind,
            f"{values['requests']:,}",
            *(f"{values[rank]:.2f}" for rank in ("p50", "p99", "p999", "max")),
            (failures or "0") if kind == READS[0] else "",
        )
        for kind, values in ((kind, figures["kinds"][kind]) for kind in (*READS, EVENT))
    ]


def _limit(runs: list[Figures]) -> str:
    held = max((figures["rate"] for figures in runs if not is_broken(figures)), default=None)
    broken = min((figures["rate"] for figures in runs if is_broken(figures)), default=None)
    meaning = f"A rate breaks if a request fails, or if a read's P99 is above {BROKEN_MS} ms."
    held_text = "No rate that was tried held." if held is None else f"{held:,} requests a second held."
    broken_text = "No rate that was tried broke it." if broken is None else f"{broken:,} broke."
    return f"**{held_text} {broken_text}** {meaning}"


def _processors(runs: list[Figures]) -> str:
    rows = []
    for figures in runs:
        cores = figures["cores"]
        batch = figures["batch"]["name"] if "batch" in figures else None
        rows.append(
            (
                f"{figures['name']}{f', beside {batch}' if batch else ''}",
                f"{figures['rate']:,}",
                f"{cores['server']:.2f}",
                f"{figures['server_us']:.0f}",
                f"{cores['generator']:.2f}",
                f"{cores[batch]:.2f}" if batch else "",
                f"{cores['others']:.2f}",
                f"{figures['late']['p99']:.2f}",
                f"{figures['memory_mib']:.0f}",
                f"{figures['mapped_mib']:.0f}",
            )
        )
    heads = (
        "",
        "requests a second",
        "server",
        "µs a request",
        "generator",
        "batch",
        "others",
        "late, ms",
        "memory, MiB",
        "mapped, MiB",
    )
    return table(heads, rows)


def _batches(runs: list[Figures]) -> str:
    rows = []
    for figures in runs:
        batch = figures["batch"]
        rows += _rows(figures, f"{batch['name']}: the whole time", figures["seconds"])
        rows += _rows(batch, f"{batch['name']}: while it ran", batch["seconds"])
    return table(("batch", "s", "kind", "requests", "P50", "P99", "P99.9", "most", "failures of all kinds"), rows)
