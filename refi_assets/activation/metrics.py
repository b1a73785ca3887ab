"""The numbers of a published run as CloudWatch metrics, all put by one call.

What is counted on the way to an audience is decided in publish.py.
"""

from collections.abc import Iterable
from typing import Any

from refi_assets import aws
from refi_assets.errors import RefiError
from refi_assets.lake import Relation
from refi_assets.publishing.publish import counts
from refi_assets.specs.checks import share_pct

Metric = dict[str, Any]


class MetricsError(RefiError):
    """Metrics that could not be put."""


def run_metrics(run_id: str, relations: list[Relation], audience_rows: int, seconds: float) -> list[Metric]:
    """What CloudWatch is told of a run that published these relations; `seconds` since the run began.

    Bytes are those that the engine scanned to make what is in them, in this run; DuckDB tells of no queries.
    """
    counted = counts(relations)
    borrowers = counted["sources"]["borrower_information"]["accepted"]
    judged = next(relation for relation in relations if relation.key == "refi/refi_eligibility").counts
    queries = [q for one in relations if one.run_id == run_id for q in one.details.get("queries", [])]
    return [
        _metric("Published", 1, "Count"),
        _metric("RunSeconds", seconds, "Seconds"),
        *(_metric("Rows", source["rows"], "Count", Source=name) for name, source in counted["sources"].items()),
        *(
            _metric("QuarantinedRows", sum(source["quarantined"].values()), "Count", Source=name)
            for name, source in counted["sources"].items()
        ),
        *(_metric("Eligible", judged.get(f"eligible: {tier}", 0), "Count", Tier=tier) for tier in counted["tiers"]),
        _metric("AudienceRows", audience_rows, "Count"),
        _metric("AudienceShare", float(share_pct(audience_rows, borrowers)), "Percent"),
        _metric("BytesScanned", sum(query.get("bytes_scanned", 0) for query in queries), "Bytes"),
    ]


def put_metrics(namespace: str, metrics: Iterable[Metric]) -> None:
    """Put metrics into a namespace. Raises MetricsError, or SettingError where AWS cannot be asked."""
    client = aws.client("cloudwatch", **aws.QUICK)
    with aws.asked_of(f"CloudWatch's namespace {namespace}", MetricsError):
        client.put_metric_data(Namespace=namespace, MetricData=list(metrics))


def _metric(name: str, value: float, unit: str, **dimensions: str) -> Metric:
    told = [{"Name": dimension, "Value": of} for dimension, of in dimensions.items()]
    return {"MetricName": name, "Value": value, "Unit": unit, **({"Dimensions": told} if told else {})}
