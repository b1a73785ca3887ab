"""The customers made by hand as the product judges them: real staging, then the templates of sql/offers/program/.

Persons and scores are those of the cases. Nothing here says what must become of a customer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.lake import Relation
from refi_assets.offers.policy import OffersPolicy, ProgramPolicy
from refi_assets.offers.price_list import write_price_list
from refi_assets.offers.price_list import write_states as write_state_rule
from refi_assets.offers.programs import load_program
from refi_assets.offers.scored_details import PinnedModel
from refi_assets.offers.scoring import OpenModel
from refi_assets.offers.states import load_states
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.groups import SQL_DIR
from refi_assets.specs.policies import load_policy, policy_file
from refi_assets.specs.programs import ProgramFile
from refi_assets.specs.sql_models import DIALECT, SqlModel
from refi_assets.specs.sql_templates import models_of_program
from tests.offers.cases import AS_OF, PRODUCTS, persons_of, scores_of, write_program, write_sources, write_states
from tests.offers.made_customers import Case
from tests.support.sources import DAY, Sources

Row = dict[str, Any]

SOURCES = ("customer_credit_profiles", "contact_preferences", "offer_history", "offer_log")
TEMPLATES = ("affordable", "customers", "judged", "priced", "offers", "stops", "verdicts")  # in the order of the data


@dataclass(frozen=True)
class Judged:
    """Verdicts and offers by customer, the codes of each filter by customer, and what sql/ measures of the stops."""

    verdicts: dict[str, Row]
    offers: dict[str, Row]
    failed: dict[str, dict[str, tuple[str, ...]]]
    counts: dict[str, int]


def judged_by_sql(sources: Sources, folder: Path, program_id: str, cases: tuple[Case, ...]) -> Judged:
    """Judge cases as of AS_OF by the program of cases.PROGRAMS; `folder` is for the files."""
    write_sources(folder, cases)
    write_program(folder / "program.yaml", program_id)
    write_states(folder / "states.yaml")
    policy = _policy(folder)
    key, models = policy.program.key, _models(policy)
    log = folder / "offer_log.csv"
    sources.lake.put(
        f"raw/{log.stem}/load_date={DAY}/{log.name}", log.read_bytes()
    )  # as a run does: nobody delivers it
    log.unlink()
    staged = {source: sources.stage_folder(source, folder).accepted for source in SOURCES}
    with DuckDBEngine(sources.lake).session() as session:
        for schema in ("staging", "offers", key):
            session.execute(f"CREATE SCHEMA {schema}")
        for source, rows in staged.items():
            _insert(session, f"staging.{source}", load_contracts()[source].sql_types, rows)
        _write(session, f"{key}.price_list", lambda draft: write_price_list(session, draft, policy.program))
        _write(session, f"{key}.state_rule", lambda draft: write_state_rule(session, draft, policy.states))
        people = [{"customer_id": name, "person_id": person} for name, person in persons_of(cases).items()]
        _insert(session, "offers.person", {"customer_id": "VARCHAR", "person_id": "VARCHAR"}, people)
        for name in TEMPLATES:
            if name == "priced":  # of the customers who pass the chain
                _add_scores(session, key, cases)
            session.execute(f"CREATE TABLE {key}.{name} AS {_sql(models[f'{key}/{name}'], policy)}")
        failed: dict[str, dict[str, tuple[str, ...]]] = {
            row["customer_id"]: {} for row in _rows(session, f"{key}.verdicts")
        }
        for row in _rows(session, f"{key}.stops", order="filter_place, rule_place"):
            codes = failed[row["customer_id"]]
            codes[row["filter_id"]] = (*codes.get(row["filter_id"], ()), row["code"])
        return Judged(
            verdicts={row["customer_id"]: row for row in _rows(session, f"{key}.verdicts")},
            offers={row["customer_id"]: row for row in _rows(session, f"{key}.offers")},
            failed=failed,
            counts=dict(session.execute(_sql(models[f"{key}/measures/stops"], policy))),
        )


def _policy(folder: Path) -> ProgramPolicy:
    states = load_states(folder / "states.yaml")
    program = load_program(folder / "program.yaml", states=states)
    shared = load_policy(policy_file("offers"), OffersPolicy)
    return ProgramPolicy(
        program=program,
        states=states.states,
        reviewed_by=states.reviewed_by,
        reviewed_on=states.reviewed_on,
        programs_of_other_products=tuple(name for name, product in PRODUCTS.items() if product != program.product),
        score_cache_days=shared.score_cache_days,
        checks=shared.checks,
    )


def _models(policy: ProgramPolicy) -> dict[str, SqlModel]:
    """The templates' instances for a program that is not in the project."""
    paths = (SQL_DIR / "offers" / "program").rglob("*.sql")
    texts = {path.relative_to(SQL_DIR).with_suffix("").as_posix(): path.read_text("utf-8") for path in paths}
    filters = tuple(step.filter_id for step in policy.program.filters)
    file = ProgramFile(policy.program.key, "offers", Path("program.yaml"), filters)
    models = [SqlModel(key, text, path=path) for key, text, path in models_of_program(file, texts, DIALECT)]
    parts = {model.key.partition("/")[2]: model for model in models if "/filters/" in model.key}
    return {model.key: replace(model, parts=parts) for model in models}


def _sql(model: SqlModel, policy: ProgramPolicy) -> str:
    return model.bind(policy.parameters_of(model.parameters) | {"as_of": AS_OF}).sql("duckdb")


def _write(session: DuckDBSession, table: str, write: Callable[[Relation], Relation]) -> None:
    draft = Relation(key=table.replace(".", "/"), run_id="by-hand", as_of=AS_OF, kind="table")
    session.execute(f"CREATE TABLE {table} AS {session.rows_sql(write(draft))}")


def _add_scores(session: DuckDBSession, key: str, cases: tuple[Case, ...]) -> None:
    """Scores of the customers who pass the chain, rounded as the product rounds what a model says."""
    passing = {
        name
        for (name,) in session.execute(
            f"SELECT customer_id FROM {key}.customers ANTI JOIN {key}.judged USING (customer_id)"
        )
    }
    scores = {name: pair for name, pair in scores_of(cases).items() if name in passing}
    columns = [_millionths([float(pair[place]) for pair in scores.values()]) for place in (0, 1)]
    rows = [
        {"customer_id": name, "approval_likelihood": approval, "default_probability": risk}
        for name, approval, risk in zip(scores, *columns, strict=True)
    ]
    types = {"customer_id": "VARCHAR", "approval_likelihood": "DECIMAL(9,6)", "default_probability": "DECIMAL(9,6)"}
    _insert(session, f"{key}.scored", types, rows)


class _Stated:
    """A model whose probability is its input."""

    def probabilities(self, table: Any) -> Any:
        return table["probability"]


def _millionths(probabilities: list[float]) -> list[str]:
    pinned = PinnedModel(role="", model_id="", endpoint="", name="", version=1, sha256=None)
    rounded = OpenModel(pinned, ("probability",), _Stated()).millionths({"probability": np.array(probabilities)})
    return [f"{number // 10**6}.{number % 10**6:06}" for number in rounded.tolist()]


def _insert(session: DuckDBSession, table: str, types: dict[str, str], rows: list[Row]) -> None:
    session.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
    marks = ", ".join("?" for _ in types)
    for row in rows:
        session.connection.execute(f"INSERT INTO {table} VALUES ({marks})", [row[name] for name in types])


def _rows(session: DuckDBSession, table: str, order: str = "customer_id") -> list[Row]:
    names = [name for name, *_ in session.execute(f"DESCRIBE {table}")]
    return [dict(zip(names, row, strict=True)) for row in session.execute(f"FROM {table} ORDER BY {order}")]
