"""The changes between two published audiences: borrowers who entered, left or changed tier, and what moved them."""

import csv
from collections import Counter
from pathlib import Path

from sqlglot import exp

from refi_assets.engines.base import Row
from refi_assets.engines.spreadsheets import escape_formula
from refi_assets.errors import writing
from refi_assets.lake import Relation
from refi_assets.lake.relations import readable
from refi_assets.publishing.published import PublishedRun
from refi_assets.refi.policy import RefiPolicy
from refi_assets.specs.sql_models import DIALECT, load_sql_models, parsed, tables_read

CHANGES = "refi/answers/audience_changes"
BEFORE = "before_"  # prefix of the earlier relations' groups, so that one query can read both runs
DECIDED = (
    "refi/judged_offer",
    "refi/unified_refi_dataset",
    "refi/refi_eligibility",
    "refi/refi_audience",
)  # depend on the policy


def audience_changes(before: PublishedRun, after: PublishedRun) -> list[Row]:
    """One row for each borrower who moved; columns as in sql/refi/answers/audience_changes.sql. Raises EngineError."""
    relations = [*_before(before), *after.relations]
    same_policy = before.manifest["policy"]["sha256"] == after.manifest["policy"]["sha256"]
    return _ask(after, relations, otherwise="another fact" if same_policy else "policy")


def policy_changes(run: PublishedRun, policy: RefiPolicy) -> list[Row]:
    """The same between a run's audience and the one that another policy would give. Raises EngineError."""
    relations = [*_before(run), *(relation for relation in run.relations if relation.key not in DECIDED)]
    for key in DECIDED:
        sql = load_sql_models()[key].bind(policy.parameters).sql(DIALECT, copy=False)
        relations.append(Relation(key=key, run_id=run.run_id, as_of=run.as_of, kind="view", sql=sql))
    return _ask(run, relations, otherwise="policy")


def change_counts(changes: list[Row]) -> dict[str, dict[str, int]]:
    """Change -> what moved the borrowers -> their number."""
    counts: dict[str, dict[str, int]] = {}
    for (change, moved_by), number in sorted(Counter((row["change"], row["moved_by"]) for row in changes).items()):
        counts.setdefault(change, {})[moved_by] = number
    return counts


def write_changes(changes: list[Row], path: Path) -> None:
    """Write the changes as CSV. Raises RefiError if the file cannot be written."""
    columns = ("borrower_id", "change", "moved_by", "tier_before", "tier_after", "loan_id", "reasons_now")
    with writing(path), path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: escape_formula(row[name]) for name in columns} for row in changes)


def _ask(run: PublishedRun, relations: list[Relation], otherwise: str) -> list[Row]:
    with run.engine.session(relations) as session:
        return session.query(load_sql_models()[CHANGES].bind({"otherwise": otherwise}))


def _before(run: PublishedRun) -> list[Relation]:
    """The earlier run's compared relations and those behind them, renamed: before_refi.refi_audience."""
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
