"""docs/stream-performance.md: the text of bench/stream.md, filled in with tables and verdicts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from bench.page import table

TEMPLATE = Path(__file__).with_name("stream.md")
GOAL_RATE, GOAL_SHARE_PCT, GOAL_P99_S, WISHED_P99_S, GOAL_GIB, FLAT_TIMES = 10_000, 50, 5, 3, 8, 1.1
COLD_BATCHES = 3  # while Java compiles
KEPT_DAYS = 12  # the policy's seven, an open day, and the batches until the watermark has moved on
NOISE_CORES = 0.2

Figures = Mapping[str, Any]


def render(measured: Figures) -> str:
    """The page, from what stream.measure_stream() returned."""
    backlog, latency, expiry = (measured[name] for name in ("backlog", "latency", "expiry"))
    rates = {name: warm_rate(backlog[name]["batches"]) for name in ("ours", "bare")}
    days = days_of(expiry["samples"], expiry["messages"], measured["sizes"]["replayed_days"])
    peaks = [figures["peak_mib"]["all together"] / 1024 for figures in (backlog["ours"], latency)]
    growth = {name: growth_after_expiry(days, name) for name in ("state_rows", "memory_mib")}
    dropped = max(sample["dropped_total"] for sample in expiry["samples"])
    seconds = latency["seconds"]
    goals = [
        (f"at least {GOAL_RATE:,} messages a second, warm", f"{rates['ours']:,.0f}", rates["ours"] >= GOAL_RATE),
        (
            f"at least {GOAL_SHARE_PCT} % of the bare query's rate",
            f"{100 * rates['ours'] / rates['bare']:.0f} % of {rates['bare']:,.0f}",
            100 * rates["ours"] >= GOAL_SHARE_PCT * rates["bare"],
        ),
        (f"P99 below {GOAL_P99_S} s", f"{seconds['p99']:.2f} s", seconds["p99"] < GOAL_P99_S),
        (f"P99 below {WISHED_P99_S} s, which is wished", f"{seconds['p99']:.2f} s", seconds["p99"] < WISHED_P99_S),
        (f"less than {GOAL_GIB} GiB in all", f"{max(peaks):.2f} GiB", max(peaks) < GOAL_GIB),
        (
            "state flat after its expiry",
            f"{growth['state_rows']:.2f} times the rows of day {KEPT_DAYS}",
            growth["state_rows"] < FLAT_TIMES,
        ),
        (
            "memory flat after its expiry",
            f"{growth['memory_mib']:.2f} times that of day {KEPT_DAYS}",
            growth["memory_mib"] < FLAT_TIMES,
        ),
        ("no row dropped without a word", f"{dropped:,.0f}", dropped == 0),
    ]
    parts = {
        "machine": measured["machine"],
        **measured["sizes"],
        "noise": _noise(latency["cores"]["others"]),
        "goals": table(("goal", "measured", ""), [(*row, _verdict(is_reached)) for *row, is_reached in goals]),
        "sent_a_second": backlog["sent_a_second"],
        "backlog": _backlog_table(backlog, rates),
        "phases": _phases_table({"backlog": backlog["ours"]["batches"], "constant rate": latency["batches"]}),
        "counted": latency["events"],
        "latency": table(
            ("", *seconds), [("seconds from Kafka to a read_committed reader", *(f"{s:.2f}" for s in seconds.values()))]
        ),
        "behind": latency["most_seconds_behind"],
        "cores": table(("process", "cores"), [(name, f"{used:.2f}") for name, used in latency["cores"].items()]),
        "memory": _memory_table({"backlog": backlog["ours"]["peak_mib"], "constant rate": latency["peak_mib"]}),
        "replayed_messages": expiry["messages"],
        "days": table(
            ("day", "rows of the state", "its memory, MiB", "memory of broker and query, MiB"),
            [
                (str(day), *(f"{figures[name]:,.0f}" for name in ("state_rows", "state_mib", "memory_mib")))
                for day, figures in days.items()
            ],
        ),
    }
    return TEMPLATE.read_text(encoding="utf-8").format_map(parts)


def warm_rate(batches: Sequence[Figures]) -> float:
    """Messages a second of all batches but the first, in which Java compiles."""
    cold = min(COLD_BATCHES, len(batches) - 1)
    messages = sum(batch["messages"] for batch in batches[cold:])
    return float(messages / (batches[-1]["ended"] - batches[cold - 1]["ended"]))


def days_of(samples: Sequence[Figures], messages: int, days: int) -> dict[int, dict[str, float]]:
    """The last figures of each replayed day, by the share of the messages that had been read."""
    by_day = {
        max(1, round(sample["messages_total"] / messages * days)): {
            "state_rows": sample["state_rows"],
            "state_mib": sample["state_bytes"] / 2**20,
            "memory_mib": sample["memory_mib"],
        }
        for sample in samples
        if sample["messages_total"]
    }
    return dict(sorted(by_day.items()))


def growth_after_expiry(days: Mapping[int, Mapping[str, float]], name: str) -> float:
    """The mean of the days after KEPT_DAYS over the figure of the last day up to it."""
    before = [figures[name] for day, figures in days.items() if day <= KEPT_DAYS]
    after = [figures[name] for day, figures in days.items() if day > KEPT_DAYS]
    return mean(after) / before[-1] if before and after else float("nan")


def _verdict(is_reached: bool) -> str:
    return "reached" if is_reached else "**not reached**"


def _noise(others: float) -> str:
    """A warning if other programs disturbed the measurements."""
    if others < NOISE_CORES:
        return ""
    return f"**Other programs used {others:.2f} of the cores: these figures are of a busy machine.**\n\n"


def _backlog_table(backlog: Figures, rates: Mapping[str, float]) -> str:
    rows = []
    for key, name in (("ours", "`refi risk stream`"), ("bare", "bare Spark query")):
        batches = backlog[key]["batches"]
        rows.append(
            (
                name,
                f"{sum(batch['messages'] for batch in batches):,}",
                f"{len(batches):,}",
                f"{rates[key]:,.0f}",
                f"{backlog[key]['peak_mib']['all together'] / 1024:.2f}",
            )
        )
    return table(("", "messages", "batches", "messages a second, warm", "peak with the broker, GiB"), rows)


def _phases_table(parts: Mapping[str, Sequence[Figures]]) -> str:
    """The median seconds of a warm batch by its phases; `rest` is what is left of the time between two ends."""
    seconds: dict[str, dict[str, list[float]]] = {}
    for name, batches in parts.items():
        spent = seconds.setdefault(name, defaultdict(list))
        for before, batch in zip(batches[COLD_BATCHES:], batches[COLD_BATCHES + 1 :], strict=False):
            whole = batch["ended"] - before["ended"]
            spent["rest"].append(whole - sum(batch["phases"].values()))
            for phase, phase_seconds in batch["phases"].items():
                spent[phase].append(phase_seconds)
            spent["in all"].append(whole)
    phases = dict.fromkeys(phase for spent in seconds.values() for phase in spent)
    rows = [
        (phase, *(f"{median(spent[phase]):.2f}" if spent[phase] else "" for spent in seconds.values()))
        for phase in phases
    ]
    return table(("seconds of a batch, median", *seconds), rows)


def _memory_table(peaks: Mapping[str, Mapping[str, float]]) -> str:
    names = dict.fromkeys(name for peak in peaks.values() for name in peak)
    rows = [(name, *(f"{peak[name]:,.0f}" if name in peak else "" for peak in peaks.values())) for name in names]
    return table(("peak, MiB", *peaks), rows)
