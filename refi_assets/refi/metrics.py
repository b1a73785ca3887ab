"""The numbers of a published run, as metrics. What is counted on the way to an audience is decided in audience.py."""

from refi_assets.lake import Relation
from refi_assets.observability.cloudwatch import Metric, metric
from refi_assets.refi.audience import counts
from refi_assets.specs.outcomes import share_pct


def run_metrics(run_id: str, relations: list[Relation], audience_rows: int, seconds: float) -> list[Metric]:
    """What CloudWatch is told of a run that published these relations; `seconds` since the run began.

    Bytes are those that the engine scanned to make what is in them, in this run; DuckDB tells of no queries.
    """
    counted = counts(relations)
    borrowers = counted["sources"]["borrower_information"]["accepted"]
    judged = next(relation for relation in relations if relation.key == "refi/refi_eligibility").counts
    queries = [q for one in relations if one.run_id == run_id for q in one.details.queries]
    return [
        metric("Published", 1, "Count"),
        metric("RunSeconds", seconds, "Seconds"),
        *(metric("Rows", source["rows"], "Count", Source=name) for name, source in counted["sources"].items()),
        *(
            metric("QuarantinedRows", sum(source["quarantined"].values()), "Count", Source=name)
            for name, source in counted["sources"].items()
        ),
        *(metric("Eligible", judged.get(f"eligible: {tier}", 0), "Count", Tier=tier) for tier in counted["tiers"]),
        metric("AudienceRows", audience_rows, "Count"),
        metric("AudienceShare", float(share_pct(audience_rows, borrowers)), "Percent"),
        metric("BytesScanned", sum(query.bytes_scanned for query in queries), "Bytes"),
    ]
