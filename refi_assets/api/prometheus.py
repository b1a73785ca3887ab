"""What Prometheus scrapes: requests by route and status, scores by model and version, ages of model and contacts."""

import time
from collections.abc import Iterable
from datetime import datetime
from datetime import time as time_of_day

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import Customers
from refi_assets.api.served_offers import ServedOffers
from refi_assets.errors import StoreError

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)


class ApiMetrics:
    """The metrics of one app."""

    def __init__(self, champions: Champions, customers: Customers, offers: ServedOffers) -> None:
        self.registry = CollectorRegistry()
        self.request_seconds = Histogram(
            "refi_request_seconds",
            "Seconds from a request to the end of its answer.",
            ["route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.scores = Counter("refi_scores", "Scores answered.", ["model", "version"], registry=self.registry)
        self.registry.register(_State(champions, customers, offers))


class _State(Collector):
    """Gauges that are computed when they are scraped, so that a replaced version leaves no stale series."""

    def __init__(self, champions: Champions, customers: Customers, offers: ServedOffers) -> None:
        self._champions, self._customers, self._offers = champions, customers, offers

    def collect(self) -> Iterable[Metric]:
        """The gauges."""
        age = GaugeMetricFamily(
            "refi_model_age_seconds", "Seconds since the served version was registered.", labels=("model", "version")
        )
        failed = CounterMetricFamily(
            "refi_model_failed_loads", "Champions that could not be loaded.", labels=("model",)
        )
        for name, served in self._champions.served.items():
            failed.add_metric((name,), served.failed_loads)
            if served.champion is not None and served.registered_at is not None:
                seconds = time.time() - served.registered_at.timestamp()
                age.add_metric((name, str(served.champion.version)), seconds)
        contact = GaugeMetricFamily(
            "refi_contact_age_seconds", "Seconds since the last answer of registry and lake.", labels=("source",)
        )
        for source, last in (("registry", self._champions.contact), ("features", self._customers.contact)):
            if last.age_seconds is not None:
                contact.add_metric((source,), last.age_seconds)
        week_age = GaugeMetricFamily(
            "refi_store_age_seconds", "Seconds since the day of the offers that are served began.", labels=("program",)
        )
        readable = GaugeMetricFamily("refi_store_readable", "1 if the store can be read, else 0.", labels=("program",))
        now = self._offers.clock()
        for program_id, program in self._offers.served.items():
            try:
                week = program.week()
            except StoreError:
                readable.add_metric((program_id,), 0)
                continue
            readable.add_metric((program_id,), 1)
            if week is not None:
                began = datetime.combine(week.as_of, time_of_day(), now.tzinfo)
                week_age.add_metric((program_id,), (now - began).total_seconds())
        return [age, failed, contact, week_age, readable]
