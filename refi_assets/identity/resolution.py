"""Who is who among the accepted borrowers of a run: pairs, then persons, as relations in the lake's zone resolved/.

How pairs are found is said in matching (Splink) and aws_matching; what joins and parts records, in clusters.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd
from splink.internals.exceptions import SplinkException

from refi_assets.engines.duckdb import ORDERED_PARQUET, DuckDBSession
from refi_assets.errors import IdentityError
from refi_assets.identity.clusters import Guards, Split, by_reason, cluster, reviewed_pairs
from refi_assets.identity.decisions import Decisions
from refi_assets.identity.features import make_features
from refi_assets.identity.matching import Model, match
from refi_assets.identity.person_ids import name_persons
from refi_assets.identity.placeholders import JUDGED, removed_placeholders
from refi_assets.identity.review import add_review_reasons
from refi_assets.lake import ObjectStore, Relation

RECORDS = "identity_record"  # record, borrower_id, and a column for each thing that the contract says of a person
PAIRS = "borrower_pair"
SHOWN_SPLITS = 100
GUARDING, NAMES = ("national_id", "date_of_birth"), ("given_name", "surname", "full_name")
MOST_WRONG_BIRTHS = 0.1  # where more dates of birth than that are wrong, different ones are no proof of two people


@dataclass(frozen=True)
class Resolved:
    """Persons of a run, in the session's table `resolved`, the links, and those that were not followed."""

    splits: dict[str, int]  # by reason
    shown_splits: list[dict[str, Any]]
    cluster_sizes: pd.DataFrame  # cluster_size, a row a record
    links: pd.DataFrame  # match_weight and match_probability of the pairs


def make_records(session: DuckDBSession, attributes: Mapping[str, str]) -> None:
    """Make the table of records out of staging.borrower_information; `attributes`: column -> what it says."""
    said = "".join(f', CAST("{column}" AS VARCHAR) AS {attribute}' for column, attribute in attributes.items())
    session.create_table(
        RECORDS,
        f"SELECT ROW_NUMBER() OVER (ORDER BY borrower_id) AS record, borrower_id{said} "
        "FROM staging.borrower_information",
    )


def pairs_by_splink(
    session: DuckDBSession,
    attributes: Mapping[str, str],
    review_probability: float,
    say: Callable[[str], None],
) -> Model:
    """Match the records; leaves found_pair. Raises IdentityError where they cannot be matched."""
    try:
        model = match(
            session.connection,
            RECORDS,
            list(attributes.values()),
            least_probability=review_probability,
            say=say,
        )
    except (duckdb.Error, SplinkException) as error:
        raise IdentityError(
            f"Splink: {type(error.__cause__ or error).__name__}. Its words are withheld, since they may quote a "
            "borrower's data. If it was memory, give it more with REFI_MEMORY_LIMIT."
        ) from None
    session.execute(
        "CREATE TABLE found_pair AS "
        "SELECT LEAST(one.borrower_id, other.borrower_id) AS borrower_id_1, "
        "GREATEST(one.borrower_id, other.borrower_id) AS borrower_id_2, match_weight, match_probability, evidence, "
        "review_reason "
        f"FROM pair JOIN {RECORDS} AS one ON one.record = record_1 JOIN {RECORDS} AS other ON other.record = record_2"
    )
    return model


def remove_placeholders(session: DuckDBSession, attributes: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Make missing in the records what stands for nothing. Leaves the features of the records, too."""
    make_features(session.connection, RECORDS, list(attributes.values()))
    removed_placeholders(session.connection, say)
    for attribute in JUDGED.keys() & set(attributes.values()):
        missing = " AND ".join(f"feature.{feature} IS NULL" for feature in JUDGED[attribute])
        session.execute(
            f"UPDATE {RECORDS} SET {attribute} = NULL FROM feature "
            f"WHERE feature.record = {RECORDS}.record AND {missing}"
        )


def pairs_by_groups(session: DuckDBSession, groups: str) -> None:
    """Make found_pair of a query of groups (borrower_id, match_id, confidence, rule): each with the first."""
    session.execute(
        f"CREATE TABLE grouped_pair AS WITH grouped AS (SELECT * FROM ({groups}) JOIN {RECORDS} USING (borrower_id)), "
        "first AS (SELECT match_id, ARG_MIN(borrower_id, borrower_id) AS borrower_id, "
        "ARG_MIN(record, borrower_id) AS record FROM grouped GROUP BY match_id) "
        "SELECT first.record AS record_1, grouped.record AS record_2, "
        "first.borrower_id AS borrower_id_1, grouped.borrower_id AS borrower_id_2, "
        "CAST(NULL AS DOUBLE) AS match_weight, COALESCE(confidence, 1.0) AS match_probability, "
        "CAST(JSON_OBJECT('aws', JSON_OBJECT('level', COALESCE('rule ' || rule, 'model'), 'weight', 0)) AS VARCHAR) "
        "AS evidence "
        "FROM grouped JOIN first USING (match_id) WHERE grouped.borrower_id <> first.borrower_id"
    )
    add_review_reasons(session.connection, "grouped_pair")
    session.execute("CREATE TABLE found_pair AS SELECT * EXCLUDE (record_1, record_2) FROM pair")


def add_decisions(session: DuckDBSession, decisions: Decisions) -> None:
    """Make the pairs out of those found and those that people decided."""
    borrowers = {borrower for (borrower,) in session.execute(f"SELECT borrower_id FROM {RECORDS}")}
    decided = [(*pair, verdict) for pair, verdict in decisions.among(borrowers).items()]
    frame = pd.DataFrame(decided, columns=["borrower_id_1", "borrower_id_2", "decision"], dtype="string")
    session.connection.register("decided", frame)
    session.execute(
        f"CREATE TABLE {PAIRS} AS "
        "SELECT borrower_id_1, borrower_id_2, match_weight, match_probability, evidence, review_reason, decision "
        "FROM found_pair FULL JOIN decided USING (borrower_id_1, borrower_id_2)"
    )
    session.connection.unregister("decided")


def resolve_persons(
    session: DuckDBSession,
    attributes: Mapping[str, str],
    match_probability: float,
    before: Mapping[str, str],
    model: dict[str, Any] | None,
) -> Resolved:
    """Make the table `resolved` out of records and identity.matched_pairs, given the person of each borrower before.

    `model` is Model.as_json(), where there is one.
    """
    session.create_table("link", "SELECT * FROM identity.matched_pairs")
    guarding = {*GUARDING, *NAMES}.intersection(attributes.values())
    if _wrong_births(model) > MOST_WRONG_BIRTHS:
        guarding.discard("date_of_birth")
    clusters, splits, links = _clusters(session, guarding, match_probability)
    clusters["person_id"] = name_persons(clusters, before)
    session.connection.register("clustered", clusters)
    session.execute(
        "CREATE TABLE resolved AS SELECT borrower_id, person_id, CAST(cluster_size AS INTEGER) AS cluster_size, "
        "CAST(weakest_link AS DOUBLE) AS weakest_link FROM clustered"
    )
    session.connection.unregister("clustered")
    ids = clusters["borrower_id"]
    return Resolved(
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
    """How many pairs of one person have different dates of birth, by the model."""
    for one in model["comparisons"] if model else ():
        if one["name"] == "date_of_birth":
            return float(one["levels"][0]["m"])
    return 0.0


def _clusters(
    session: DuckDBSession, guarding: Collection[str], match_probability: float
) -> tuple[pd.DataFrame, list[Split], pd.DataFrame]:
    pairs = session.connection.execute(
        "SELECT one.record AS record_1, other.record AS record_2, match_probability, review_reason, decision, "
        "COALESCE(match_weight, match_probability) AS match_weight "
        f"FROM link JOIN {RECORDS} AS one ON one.borrower_id = borrower_id_1 "
        f"JOIN {RECORDS} AS other ON other.borrower_id = borrower_id_2 ORDER BY 1, 2"
    ).df()
    known: dict[str, dict[int, str]] = {"birth": {}, "national_id": {}, "suffix": {}}
    session.connection.register("paired", pd.concat([pairs["record_1"], pairs["record_2"]]).to_frame("record"))
    telling = make_features(session.connection, RECORDS, guarding) if guarding else []
    for feature in known.keys() & set(telling):
        known[feature] = dict(
            session.execute(
                f"SELECT record, {feature} FROM feature SEMI JOIN paired USING (record) WHERE {feature} IS NOT NULL"
            )
        )
    decided: dict[str, list[tuple[int, int]]] = {"same": [], "different": []}
    for rows in pairs.dropna(subset="decision").itertuples():
        decided[rows.decision].append((rows.record_1, rows.record_2))
    guards = Guards(
        known["national_id"],
        known["birth"],
        known["suffix"],
        decided["same"],
        decided["different"],
        reviewed_pairs(pairs[pairs["decision"].isna()]),
    )
    records = session.connection.execute(f"SELECT record, borrower_id FROM {RECORDS} ORDER BY record").df()
    links = pairs.dropna(subset="match_probability")
    clusters, splits = cluster(records["record"].tolist(), links, match_probability, guards)
    return clusters.assign(borrower_id=records["borrower_id"]), splits, links


def save_table(session: DuckDBSession, lake: ObjectStore, draft: Relation, table: str, order: str) -> Relation:
    """Write a table of the session into the zone resolved/; the relation, with its rows."""
    folder = f"resolved/{draft.run_id}/{draft.name}/"
    rows = session.copy(
        f"SELECT * FROM {table} ORDER BY {order}", lake.target(f"{folder}data.parquet"), ORDERED_PARQUET
    )
    columns = {name: kind for name, kind, *_ in session.execute(f"DESCRIBE {table}")}
    return draft.model_copy(update={"parquet": folder, "columns": columns, "rows": rows})
