"""Numbers for CloudWatch: one metric's form, and putting many by one call. What is counted is each domain's to say."""

from collections.abc import Iterable
from typing import Any

from refi_assets import aws
from refi_assets.errors import RefiError

Metric = dict[str, Any]


class MetricsError(RefiError):
    """Metrics that could not be put."""


def metric(name: str, value: float, unit: str, **dimensions: str) -> Metric:
    """One number; `unit` is one of CloudWatch's."""
    named = [{"Name": dimension, "Value": of} for dimension, of in dimensions.items()]
    return {"MetricName": name, "Value": value, "Unit": unit, **({"Dimensions": named} if named else {})}


def put_metrics(namespace: str, metrics: Iterable[Metric]) -> None:
    """Put metrics into a namespace. Raises MetricsError, or SettingError if AWS cannot be asked."""
    client = aws.client("cloudwatch", **aws.QUICK)
    with aws.readable_errors(f"CloudWatch's namespace {namespace}", MetricsError):
        client.put_metric_data(Namespace=namespace, MetricData=list(metrics))
