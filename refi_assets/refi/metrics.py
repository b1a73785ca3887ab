"""The numbers of a published run as CloudWatch metrics. The counts are those of audience.py."""

from refi_assets.lake import Relation
from refi_assets.observability.cloudwatch import Metric, metric
from refi_assets.refi.audience import audience_counts
from refi_assets.specs.outcomes import share_pct


def run_metrics(run_id: str, relations: list[Relation], audience_rows: int, seconds: float) -> list[Metric]:
    """The metrics of a run that published these relations, `seconds` after it began.

    BytesScanned counts what the engine scanned in this run to make them; DuckDB reports no bytes.
    """
    counts = audience_counts(relations)
    borrowers = counts["sources"]["borrower_information"]["accepted"]
    judged = next(relation for relation in relations if relation.key == "refi/refi_eligibility").counts
    queries = [query for relation in relations if relation.run_id == run_id for query in relation.details.queries]
    return [
        metric("Published", 1, "Count"),
        metric("RunSeconds", seconds, "Seconds"),
        *(metric("Rows", source["rows"], "Count", Source=name) for name, source in counts["sources"].items()),
        *(
            metric("QuarantinedRows", sum(source["quarantined"].values()), "Count", Source=name)
            for name, source in counts["sources"].items()
        ),
        *(metric("Eligible", judged.get(f"eligible: {tier}", 0), "Count", Tier=tier) for tier in counts["tiers"]),
        metric("AudienceRows", audience_rows, "Count"),
        metric("AudienceShare", float(share_pct(audience_rows, borrowers)), "Percent"),
        metric("BytesScanned", sum(query.bytes_scanned for query in queries), "Bytes"),
    ]
