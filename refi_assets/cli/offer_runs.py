"""The result of a run of a program, as a table or as JSON, its offers and verdicts as CSV files, and withdrawals."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlglot import exp

from refi_assets.cli.run import RunResult
from refi_assets.cli.terminal import Terminal, say
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.errors import StoreError, writing
from refi_assets.lake import open_lake
from refi_assets.offers.manifest import CONTENTS
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.settings import lender_now
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import load_sql_models
from refi_assets.store.sqlite_store import open_store


@dataclass(frozen=True)
class OfferRun:
    """A run of a program that published."""

    result: RunResult
    lake: str

    def as_json(self, seconds: float) -> dict[str, Any]:
        """The object that --json prints; `seconds` is how long the command took."""
        manifest = self._manifest
        return {
            **self.result.as_json(seconds),
            "counts": manifest["counts"],
            "amounts": manifest["amounts"],
            "models": manifest["models"],
            "program_warnings": manifest["program_warnings"],
        }

    def print(self, console: Terminal, seconds: float) -> None:
        """Print the offers by tier and the stops by filter."""
        manifest = self._manifest
        counts, amounts = manifest["counts"], manifest["amounts"]
        console.table(
            ("filter", "alone", "in sequence", "reasons"),
            [
                (
                    name,
                    stopped["alone"],
                    stopped["in_sequence"],
                    ", ".join(f"{code} {rows:,}" for code, rows in stopped["reasons"].items()),
                )
                for name, stopped in counts["stopped"].items()
            ],
            title=f"{counts['accepted']:,} customers as of {self.result.as_of}",
        )
        console.table(
            ("tier", "offers", "USD"),
            [(tier, rows, f"{Decimal(amounts[tier]):,.2f}") for tier, rows in counts["offers"].items()],
        )
        lines = {
            "Offers": f"{sum(counts['offers'].values()):,}",
            "Models": ", ".join(f"{model['name']} {model['version'] or ''}".strip() for model in manifest["models"]),
            "Seconds": f"{seconds}",
            "File": self.result.file or "nothing was published",
        }
        width = max(map(len, lines)) + 1
        for name, text in lines.items():
            console.say(f"{name:{width}} {text}")
        if self.result.held_back:
            console.say(f"latest.json was not moved, and the offers are not served: {self.result.held_back}.")
        notes = len(manifest["program_warnings"])
        if notes:
            console.say(f"{notes} notes on the program: refi offers check")
        for warning in self.result.warnings:
            console.warn(f"Warning: {warning.splitlines()[0]}")

    @property
    def _manifest(self) -> dict[str, Any]:
        publication = Publication(self.result.domain, CONTENTS)
        return publication.manifest(open_lake(self.lake, create=False), self.result.run_id) or {}


def open_published(program: str, lake_url: str, run_id: str | None) -> PublishedRun:
    """A published run of a program, by default the latest. Raises LakeError."""
    lake = open_lake(lake_url, create=False)
    return PublishedRun.find(Publication(program, CONTENTS), lake, open_duckdb(lake), run_id)


def export_offers(program: str, lake_url: str, run_id: str | None, offers: Path | None, judged: Path | None) -> None:
    """Write offers and verdicts of a published run to CSV files. Raises RefiError."""
    run = open_published(program, lake_url, run_id)
    verdicts = exp.select("customer_id", "first_filter", "first_reason", "reasons").from_(
        table_of(f"{program}/verdicts")
    )
    queries = {
        offers: load_sql_models()[f"{program}/offers_file"].tree,
        judged: verdicts.order_by("customer_id NULLS LAST"),
    }
    with run.engine.session(run.relations) as session:
        for path, query in queries.items():
            if path is not None:
                with writing(path):
                    rows = session.write_csv(query, path)
                say(f"{rows:,} rows: {path}")


def withdraw_offer(program: str, lake_url: str, customer_id: str, reason: str, day: date) -> None:
    """End the offer that a customer has in the store on a day. Raises StoreError, also if there is none."""
    with open_store(lake_url, program) as store:
        offers = store.offers_of(customer_id, day)
        if not offers:
            raise StoreError(f"{customer_id} has no offer of {program.replace('_', '-')} on {day}. Nothing changed.")
        for offer in offers:
            store.withdraw(offer.offer_id, reason, datetime.combine(day, lender_now().timetz()))
            say(f"Withdrawn: offer {offer.offer_id} of {customer_id}, which was to expire after {offer.expires_on}.")
