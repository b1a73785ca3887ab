"""Who is who among the accepted records of a run: pairs, then persons, as relations in the lake's zone resolved/.

The tables of a session call every record a borrower, even if it is a customer of another domain's source.
Pairs are found in matching.py (Splink) and aws_matching.py; clusters.py joins records and keeps them apart.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd
from splink.internals.exceptions import SplinkException

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBSession
from refi_assets.errors import IdentityError
from refi_assets.identity.clusters import Guards, Split, by_reason, cluster_records, reviewed_pairs
from refi_assets.identity.decisions import Decisions
from refi_assets.identity.features import make_features
from refi_assets.identity.matching import Model, match_by_splink
from refi_assets.identity.person_ids import name_persons
from refi_assets.identity.placeholders import JUDGED, removed_placeholders
from refi_assets.identity.review import add_review_reasons
from refi_assets.lake import ObjectStore, Relation
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_steps import load_steps

RECORDS = "identity_record"  # record, borrower_id, and a column for each of the contract's person attributes
PAIRS = "borrower_pair"
SHOWN_SPLITS = 100
GUARDING, NAMES = ("national_id", "date_of_birth"), ("given_name", "surname", "full_name")
MOST_WRONG_BIRTHS = 0.1  # if more dates of birth are wrong, different ones do not prove two persons


@dataclass(frozen=True)
class ResolvedBorrowers:
    """The links behind the persons in the session's table `resolved`, and the links that were not followed."""

    splits: dict[str, int]  # by reason
    shown_splits: list[dict[str, Any]]
    cluster_sizes: pd.DataFrame  # cluster_size, one row a record
    links: pd.DataFrame  # match_weight and match_probability of the pairs


def make_records(session: DuckDBSession, attributes: Mapping[str, str], relation: str, key: str) -> None:
    """Create the table of records from a relation, whose column `key` is their borrower_id from here on.

    `attributes`: column -> person attribute.
    """
    texts = "".join(f', CAST("{column}" AS VARCHAR) AS {attribute}' for column, attribute in attributes.items())
    session.create_table(
        RECORDS,
        f'SELECT ROW_NUMBER() OVER (ORDER BY "{key}") AS record, "{key}" AS borrower_id{texts} '
        f"FROM {table_of(relation).sql()}",
    )


def pairs_by_splink(
    session: DuckDBSession,
    attributes: Mapping[str, str],
    review_probability: float,
    say: Callable[[str], None],
) -> Model:
    """Match the records into the table found_pair. Raises IdentityError if they cannot be matched."""
    try:
        model = match_by_splink(
            session.connection, RECORDS, list(attributes.values()), least_probability=review_probability, say=say
        )
    except (duckdb.Error, SplinkException) as error:
        raise IdentityError(
            f"Splink: {type(error.__cause__ or error).__name__}. Its message is withheld, since it may quote a "
            "borrower's data. If it ran out of memory, raise REFI_MEMORY_LIMIT."
        ) from None
    session.execute(load_steps("identity")["pairs_by_splink"])
    return model


def clear_placeholders(session: DuckDBSession, attributes: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Make placeholders missing in the table of records. Leaves the table `feature`."""
    make_features(session.connection, RECORDS, list(attributes.values()))
    removed_placeholders(session.connection, say)
    for attribute in JUDGED.keys() & set(attributes.values()):
        missing = " AND ".join(f"feature.{feature} IS NULL" for feature in JUDGED[attribute])
        session.execute(
            f"UPDATE {RECORDS} SET {attribute} = NULL FROM feature "
            f"WHERE feature.record = {RECORDS}.record AND {missing}"
        )


def pairs_by_groups(session: DuckDBSession, groups: str) -> None:
    """Create found_pair from a query of groups (borrower_id, match_id, confidence, rule): each with the first in it."""
    session.execute(f"CREATE TABLE aws_group AS {groups}")
    session.execute(load_steps("identity")["pairs_of_groups"])
    add_review_reasons(session.connection)
    session.execute("CREATE TABLE found_pair AS SELECT * EXCLUDE (record_1, record_2) FROM pair")


def add_decisions(session: DuckDBSession, decisions: Decisions) -> None:
    """Create the table of pairs from found_pair and the pairs that people decided."""
    borrowers = {borrower for (borrower,) in session.execute(f"SELECT borrower_id FROM {RECORDS}")}
    decided = [(*pair, verdict) for pair, verdict in decisions.among(borrowers).items()]
    frame = pd.DataFrame(decided, columns=["borrower_id_1", "borrower_id_2", "decision"], dtype="string")
    session.connection.register("decided", frame)
    session.execute(load_steps("identity")["pairs_and_decisions"])
    session.connection.unregister("decided")


def resolve_borrowers(
    session: DuckDBSession,
    pairs: str,
    attributes: Mapping[str, str],
    match_probability: float,
    before: Mapping[str, str],
    model: dict[str, Any] | None,
) -> ResolvedBorrowers:
    """Create the table `resolved` from the records and a table of pairs.

    `before` has the person of each borrower in the run before; `model` is Model.as_json(), if there is one.
    """
    session.create_table("link", f"SELECT * FROM {pairs}")
    guarding = {*GUARDING, *NAMES}.intersection(attributes.values())
    if _wrong_births(model) > MOST_WRONG_BIRTHS:
        guarding.discard("date_of_birth")
    clusters, splits, links = _cluster_borrowers(session, guarding, match_probability)
    clusters["person_id"] = name_persons(clusters, before)
    session.connection.register("clustered", clusters)
    session.execute(load_steps("identity")["resolved_borrowers"])
    session.connection.unregister("clustered")
    ids = clusters["borrower_id"]
    return ResolvedBorrowers(
        splits=by_reason(splits),
        shown_splits=[
            {
                "borrower_id_1": ids[split.record_1 - 1],
                "borrower_id_2": ids[split.record_2 - 1],
                "probability": split.probability,
                "reason": split.reason,
            }
            for split in splits[:SHOWN_SPLITS]
        ],
        cluster_sizes=clusters[["cluster_size"]],
        links=links[["match_weight", "match_probability"]],
    )


def _wrong_births(model: dict[str, Any] | None) -> float:
    """The share of pairs of one person with different dates of birth, by the model."""
    for comparison in model["comparisons"] if model else ():
        if comparison["name"] == "date_of_birth":
            return float(comparison["levels"][0]["m"])
    return 0.0


def _cluster_borrowers(
    session: DuckDBSession, guarding: Collection[str], match_probability: float
) -> tuple[pd.DataFrame, list[Split], pd.DataFrame]:
    """The cluster of each borrower, the links that were not followed, and the weighed pairs."""
    pairs = session.connection.execute(load_steps("identity")["pairs_to_cluster"]).df()
    guards = _guards(session, guarding, pairs)
    records = session.connection.execute(f"SELECT record, borrower_id FROM {RECORDS} ORDER BY record").df()
    links = pairs.dropna(subset="match_probability")
    clusters, splits = cluster_records(records["record"].tolist(), links, match_probability, guards)
    return clusters.assign(borrower_id=records["borrower_id"]), splits, links


def _guards(session: DuckDBSession, guarding: Collection[str], pairs: pd.DataFrame) -> Guards:
    values: dict[str, dict[int, str]] = {"birth": {}, "national_id": {}, "suffix": {}}
    session.connection.register("paired", pd.concat([pairs["record_1"], pairs["record_2"]]).to_frame("record"))
    comparable = make_features(session.connection, RECORDS, guarding) if guarding else []
    for feature in values.keys() & set(comparable):
        values[feature] = dict(
            session.execute(
                f"SELECT record, {feature} FROM feature SEMI JOIN paired USING (record) WHERE {feature} IS NOT NULL"
            )
        )
    decided: dict[str, list[tuple[int, int]]] = {"same": [], "different": []}
    for row in pairs.dropna(subset="decision").itertuples():
        decided[row.decision].append((row.record_1, row.record_2))
    return Guards(
        national_ids=values["national_id"],
        births=values["birth"],
        suffixes=values["suffix"],
        same=decided["same"],
        different=decided["different"],
        reviewed=reviewed_pairs(pairs[pairs["decision"].isna()]),
    )


def save_table(session: DuckDBSession, lake: ObjectStore, draft: Relation, table: str, order: str) -> Relation:
    """Write a table of the session into the zone resolved/, and return its relation."""
    folder = f"resolved/{draft.run_id}/{draft.name}/"
    rows = session.copy(
        f"SELECT * FROM {table} ORDER BY {order}", lake.target(f"{folder}data.parquet"), ORDERED_PARQUET
    )
    columns = {name: sql_type for name, sql_type, *_ in session.execute(f"DESCRIBE {table}")}
    return draft.model_copy(update={"parquet": folder, "columns": columns, "rows": rows})
