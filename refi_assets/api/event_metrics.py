"""Metrics of events: plain numbers that the writer's thread adds to, and that become metrics when they are scraped."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from refi_assets.store.protocol import EventKind

GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5)


@dataclass
class _Distribution:
    bounds: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def metric(self, name: str, described: str) -> Metric:
        """The metric as Prometheus has it: each bucket counts all values up to its bound."""
        buckets, count = [], 0
        for bound, more in zip((*map(float, self.bounds), "+Inf"), self.counts, strict=True):
            count += more
            buckets.append((str(bound), count))
        family = HistogramMetricFamily(name, described)
        family.add_metric((), buckets, self.total)
        return family


class EventMetrics(Collector):
    """The metrics of one writer. `events` counts outcomes by kind: recorded, refused by the rules, or repeated."""

    def __init__(self) -> None:
        self.events: Counter[tuple[EventKind, str]] = Counter()
        self.group_sizes, self.commit_seconds = _Distribution(GROUP_SIZES), _Distribution(COMMIT_SECONDS)
        self.failed_groups = 0

    def collect(self) -> Iterable[Metric]:
        """The metrics."""
        events = CounterMetricFamily("refi_events", "Requests of events answered.", labels=("event", "outcome"))
        for (kind, outcome), count in list(self.events.items()):
            events.add_metric((kind, outcome), count)
        failed = CounterMetricFamily("refi_event_failed_groups", "Groups of requests that the store could not record.")
        failed.add_metric((), self.failed_groups)
        return [
            events,
            failed,
            self.group_sizes.metric("refi_event_group_size", "Requests of events in one transaction."),
            self.commit_seconds.metric("refi_event_commit_seconds", "Seconds of a transaction, with its sync."),
        ]
