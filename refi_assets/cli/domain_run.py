"""refi <domain> run: the job of any domain, and its result as a table or as JSON, by sources and relations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from refi_assets.cli.run import load_dates, print_sources, print_warnings, run_job
from refi_assets.cli.terminal import Terminal
from refi_assets.lake import ObjectStore, Relation, RunFolder, open_lake
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.publish import source_counts


@dataclass(frozen=True)
class DomainResult:
    """What a run made. Paths are absolute; `file` and `manifest` are None if it published nothing."""

    run_id: str
    as_of: date
    file: str | None
    manifest: str | None
    latest_moved: bool
    sources: dict[str, dict[str, Any]]
    relations: dict[str, int]  # key -> rows, of what is not a source
    load_dates: dict[str, str]
    warnings: list[str]

    def as_json(self, seconds: float) -> dict[str, Any]:
        """The object that --json prints."""
        return {
            "run_id": self.run_id,
            "as_of": self.as_of.isoformat(),
            "status": "published" if self.file else "succeeded",
            "file": self.file,
            "manifest": self.manifest,
            "latest_moved": self.latest_moved,
            "seconds": seconds,
            "counts": {"sources": self.sources, "relations": self.relations},
            "warnings": self.warnings,
        }

    def print(self, console: Terminal, seconds: float) -> None:
        """Print the short table."""
        print_sources(console, self.as_of, self.sources, self.load_dates)
        lines = {key: f"{rows:,}" for key, rows in self.relations.items()}
        lines |= {"Seconds": f"{seconds}", "File": self.file or "nothing was published"}
        width = max(map(len, lines))
        for name, text in lines.items():
            console.say(f"{name:{width}} {text}")
        if self.file and not self.latest_moved:
            console.say("latest.json was not moved.")
        print_warnings(console, self.warnings)


def run_domain(
    domain: str,
    day: date,
    *,
    lake_url: str,
    policy_file: Path | None,
    force_latest: bool,
    console: Terminal,
    verify: bool = False,
) -> DomainResult:
    """Run the job of a domain for the partition that holds a day.

    Raises RunError, or another RefiError, saying why nothing was published.
    """
    lake = open_lake(lake_url, create=False)
    job = run_job(
        domain, day, lake=lake, policy_file=policy_file, force_latest=force_latest, console=console, verify=verify
    )
    folder = RunFolder(lake, job.run_id)
    relations = [folder.load(key) for key in job.assets]
    sources = source_counts(relations)
    return DomainResult(
        run_id=job.run_id,
        as_of=job.as_of,
        **_published(lake, Publication(domain), job.run_id),
        sources=sources,
        relations=_rows(relations),
        load_dates=load_dates(folder, sources),
        warnings=job.warnings,
    )


def domain_counts(relations: Sequence[Relation]) -> dict[str, Any]:
    """What is counted of any domain: its sources, and the rows of what is not a source."""
    return {"sources": source_counts(relations), "relations": _rows(relations)}


def _rows(relations: Sequence[Relation]) -> dict[str, int]:
    return {
        relation.key: relation.rows
        for relation in relations
        if not relation.key.startswith(("raw/", "catalog/", "staging/"))
    }


def _published(lake: ObjectStore, publication: Publication, run_id: str) -> dict[str, Any]:
    if publication.manifest(lake, run_id) is None:
        return {"file": None, "manifest": None, "latest_moved": False}
    return {
        "file": lake.address(publication.file_key(run_id)),
        "manifest": lake.address(publication.manifest_key(run_id)),
        "latest_moved": any(commit["run_id"] == run_id for commit in publication.commits(lake)),
    }
