"""What changed between two published audiences: who entered, who left, who changed tier, and what moved them."""

import csv
from collections import Counter
from pathlib import Path

from sqlglot import exp

from refi_assets.engines.base import Row
from refi_assets.engines.spreadsheets import escape_formula
from refi_assets.errors import RefiError, writing
from refi_assets.lake import Relation
from refi_assets.lake.relations import readable
from refi_assets.publishing.published import PublishedRun
from refi_assets.refi.audience import OFFERS
from refi_assets.refi.policy import RefiPolicy
from refi_assets.specs.sql_models import DIALECT, load_sql_models, parsed, tables_read

CHANGES = "refi/answers/audience_changes"
BEFORE = "before_"  # the groups of the earlier relations, as SQL reads them beside later ones
DECIDED = ("refi/judged_offer", "refi/unified_refi_dataset", "refi/refi_eligibility", "refi/refi_audience")  # by policy


def audience_changes(before: PublishedRun, after: PublishedRun) -> list[Row]:
    """One row a borrower that moved; columns as in sql/refi/answers/audience_changes.sql. Raises EngineError."""
    relations = [*_before(before), *after.relations]
    same_policy = before.manifest["policy"]["sha256"] == after.manifest["policy"]["sha256"]
    return _ask(after, relations, otherwise="another fact" if same_policy else "policy")


def policy_changes(run: PublishedRun, policy: RefiPolicy) -> list[Row]:
    """The same, between a run's audience and the one that another policy would give.

    Raises RefiError for a run that was published before each offer was judged, EngineError.
    """
    if OFFERS not in run.manifest["relations"]:
        raise RefiError(
            f"Run {run.run_id} (as of {run.as_of}) was published by an older version, which did not keep what another "
            f"policy needs. Run that day again: refi run --as-of {run.as_of}"
        )
    relations = [*_before(run), *(one for one in run.relations if one.key not in DECIDED)]
    for key in DECIDED:
        sql = load_sql_models()[key].bind(policy.parameters).sql(DIALECT, copy=False)
        relations.append(Relation(key=key, run_id=run.run_id, as_of=run.as_of, kind="view", sql=sql))
    return _ask(run, relations, otherwise="policy")


def counted(changes: list[Row]) -> dict[str, dict[str, int]]:
    """Change -> what moved them -> number of borrowers."""
    found: dict[str, dict[str, int]] = {}
    for (change, moved_by), number in sorted(Counter((row["change"], row["moved_by"]) for row in changes).items()):
        found.setdefault(change, {})[moved_by] = number
    return found


def write_changes(changes: list[Row], path: Path) -> None:
    """Write the changes as CSV. Raises RefiError where that cannot be done."""
    columns = ("borrower_id", "change", "moved_by", "tier_before", "tier_after", "loan_id", "reasons_now")
    with writing(path), path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: escape_formula(row[name]) for name in columns} for row in changes)


def _ask(run: PublishedRun, relations: list[Relation], otherwise: str) -> list[Row]:
    with run.engine.session(relations) as session:
        return session.query(load_sql_models()[CHANGES].bind({"otherwise": otherwise}))


def _before(run: PublishedRun) -> list[Relation]:
    """What is compared of the earlier run, and what is behind it, under other names: before_refi.refi_audience."""
    compared = {key.removeprefix(BEFORE) for key in load_sql_models()[CHANGES].inputs if key.startswith(BEFORE)}
    relations = readable(run.lake, [relation for relation in run.relations if relation.key in compared])
    return [
        relation.model_copy(
            update={
                "key": f"{BEFORE}{relation.key}",
                "inputs": {f"{BEFORE}{key}": run_id for key, run_id in relation.inputs.items()},
                "sql": relation.sql and _reading_before(relation.sql),
            }
        )
        for relation in relations
    ]


def _reading_before(sql: str) -> str:
    query = parsed(sql).copy()
    for table in tables_read(query):
        if table.db:
            table.set("db", exp.to_identifier(f"{BEFORE}{table.db}"))
    return query.sql(DIALECT, copy=False)
