"""The snapshot that a new one of its source is compared with: the newest published one of an earlier load date.

Only a run with a commit counts as published: a run that was blocked or held back is never the baseline.
"""

from datetime import date
from typing import Any

from refi_assets.ingestion.details import Baseline
from refi_assets.lake import ObjectStore
from refi_assets.publishing.publication import Publication


def baseline_of(publication: Publication, lake: ObjectStore, source: str, load_date: date) -> Baseline | None:
    """The baseline of a snapshot; None if no earlier snapshot was published."""
    baseline: Baseline | None = None
    commits = sorted(publication.commits(lake), key=lambda commit: commit["as_of"])
    for commit in reversed(commits):  # within a day, the last commit first
        if baseline is not None and date.fromisoformat(commit["as_of"]) <= baseline.load_date:
            break  # a run reads no snapshot of a day after its own
        manifest = publication.manifest(lake, commit["run_id"])
        earlier = _snapshot(manifest, source) if manifest else None
        if earlier and earlier.load_date < load_date and (baseline is None or earlier.load_date > baseline.load_date):
            baseline = earlier
    return baseline


def _snapshot(manifest: dict[str, Any], source: str) -> Baseline | None:
    files = [entry for entry in manifest["inputs"] if entry["source"] == source]
    if not files:
        return None
    return Baseline(
        run_id=manifest["run_id"],
        load_date=files[0]["load_date"],
        rows=sum(entry["rows"] for entry in files),
        profiles=manifest["profiles"][source],
    )
