"""Metrics for CloudWatch: the form of one, and one call that puts many. Each domain decides what it counts."""

from collections.abc import Iterable
from typing import Any

from refi_assets import aws
from refi_assets.errors import RefiError

Metric = dict[str, Any]


class MetricsError(RefiError):
    """Metrics that could not be put."""


def metric(name: str, value: float, unit: str, **dimensions: str) -> Metric:
    """One number; `unit` is one of CloudWatch's."""
    pairs = [{"Name": dimension, "Value": text} for dimension, text in dimensions.items()]
    return {"MetricName": name, "Value": value, "Unit": unit, **({"Dimensions": pairs} if pairs else {})}


def put_metrics(namespace: str, metrics: Iterable[Metric]) -> None:
    """Put metrics into a namespace. Raises MetricsError, or SettingError if AWS is not set up."""
    client = aws.client("cloudwatch", **aws.QUICK)
    with aws.asked_of(f"CloudWatch's namespace {namespace}", MetricsError):
        client.put_metric_data(Namespace=namespace, MetricData=list(metrics))
