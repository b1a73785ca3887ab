"""Probabilistic matching (Fellegi and Sunter) with Splink on DuckDB.

Splink brings pairs together, compares them and weighs them; its parameters come from estimation. Another backend of
Splink's would take the place of DuckDBAPI here.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from duckdb import DuckDBPyConnection
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.blocking_rule_library import CustomRule
from splink.comparison_level_library import CustomLevel
from splink.comparison_library import CustomComparison

from refi_assets.errors import IdentityError
from refi_assets.identity.blocking import Blocking, choose_rules
from refi_assets.identity.comparisons import Comparison, comparisons_of
from refi_assets.identity.estimation import Parameters, estimate
from refi_assets.identity.features import make_features

logging.getLogger("splink").setLevel(logging.CRITICAL)  # it prints what it does

RANDOM_PAIRS = 500_000
ESTIMATED_FROM = 2_000_000  # pairs, as a sample of more
SEED = 20260220


@dataclass(frozen=True)
class Model:
    """What was compared and how it weighs."""

    records: int
    comparisons: list[Comparison]
    blocking: Blocking
    compared_pairs: int
    parameters: Parameters


def match(
    connection: DuckDBPyConnection,
    table: str,
    kinds: Sequence[str],
    *,
    least_probability: float,
    most_pairs: int,
    say: Callable[[str], None],
) -> Model:
    """Compare the records of a table and leave the pairs that may be of one person in the table `pair`.

    The table has record (an integer, unique) and columns named by what they are, all text. `pair` has record_1 <
    record_2, match_weight (bits), match_probability and level_<comparison>, and no pair below least_probability.
    `say` is told of progress. Raises IdentityError.
    """
    say("reading what the columns hold")
    telling = make_features(connection, table, kinds)
    comparisons = comparisons_of(telling)
    if not comparisons:
        raise IdentityError(
            "There is nothing to compare: no column that says what it is holds two different values. "
            f"Looked at {', '.join(kinds)}."
        )
    columns = [name for name, *_ in connection.execute("DESCRIBE feature").fetchall()]
    (records,) = connection.execute("SELECT COUNT(*) FROM feature").fetchall()[0]
    blocking = choose_rules(connection, columns, records, most_pairs)
    rules: list[Any] = [*(block_on(*rule) for rule in blocking.rules)] or [CustomRule("1 = 1")]
    if blocking.rules and "name_key" in columns:
        rules.append(CustomRule("l.name_key = r.name_swapped"))

    def linker(parameters: Parameters | None, pairs: str | None) -> Linker:
        api = DuckDBAPI(connection)
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record",
            comparisons=[_splink_comparison(one, parameters) for one in comparisons],
            blocking_rules_to_generate_predictions=rules,
            retain_intermediate_calculation_columns=True,
            probability_two_random_records_match=parameters.prior if parameters else 0.0001,
        )
        made = Linker(api.register("feature"), settings, log_level=None)
        if pairs is not None:
            made.table_management.register_blocked_pairs_for_predict(api.register(pairs))
        return made

    say(f"bringing together pairs of {records:,} records by {len(rules)} rules")
    candidates = linker(None, None).inference.compute_blocked_pairs_for_predict().physical_name
    (compared,) = connection.execute(f"SELECT COUNT(*) FROM {candidates}").fetchall()[0]
    if not compared:
        raise IdentityError("No two records share enough to be compared.")
    share = min(1.0, ESTIMATED_FROM / compared)
    say(f"estimating parameters from {round(share * compared):,} of {compared:,} pairs")
    connection.execute(
        f"CREATE TABLE estimated_from AS SELECT * FROM {candidates} "
        f"WHERE HASH(join_key_l, join_key_r) % 1000000 < {round(share * 1_000_000)}"
    )
    _draw_pairs(connection, records)
    counted, drawn = (_patterns(connection, linker(None, pairs), comparisons) for pairs in ("estimated_from", "drawn"))
    counted["pairs"] = counted["pairs"] / share
    parameters = estimate(comparisons, counted, drawn, records * (records - 1) / 2)
    say(f"weighing {compared:,} pairs")
    weighed = linker(parameters, candidates).inference.predict(
        threshold_match_probability=least_probability, warning_mode="never"
    )
    levels = ", ".join(f"gamma_{one.name} AS level_{one.name}" for one in comparisons)
    connection.execute(
        "CREATE TABLE pair AS SELECT LEAST(record_l, record_r) AS record_1, GREATEST(record_l, record_r) AS record_2, "
        f"match_weight, match_probability, {levels} FROM {weighed.physical_name}"
    )
    return Model(records, comparisons, blocking, compared, parameters)


def _splink_comparison(one: Comparison, parameters: Parameters | None) -> CustomComparison:
    unknown = " OR ".join(
        [f"l.{one.feature} IS NULL OR r.{one.feature} IS NULL", *([one.unknown] if one.unknown else [])]
    )
    levels: list[Any] = [CustomLevel(_suffixed(unknown), "not known").configure(is_null_level=True)]
    for number, level in reversed(list(enumerate(one.all_levels))):
        levels.append(
            CustomLevel(_suffixed(level.condition), level.label).configure(
                m_probability=float(parameters.m[one.name][number]) if parameters else level.m,
                u_probability=float(parameters.u[one.name][number]) if parameters else level.u,
                tf_adjustment_column=one.feature if level.has_term_frequencies else None,
            )
        )
    return CustomComparison(levels, output_column_name=one.name)


def _suffixed(condition: str) -> str:
    """As Splink names the columns of two records: l.surname is surname_l."""
    return re.sub(r"\b([lr])\.(\w+)", r"\2_\1", condition)


def _draw_pairs(connection: DuckDBPyConnection, records: int) -> None:
    """Make the table drawn: random pairs, the same for the same number of records."""
    rng = np.random.default_rng(SEED)
    one, other = rng.integers(0, records, (2, min(RANDOM_PAIRS, records * records)))
    frame = pd.DataFrame({"place_l": np.minimum(one, other), "place_r": np.maximum(one, other)})
    connection.register("places", frame[frame["place_l"] < frame["place_r"]])
    connection.execute(
        "CREATE TABLE drawn AS WITH placed AS (SELECT record, ROW_NUMBER() OVER (ORDER BY record) - 1 AS place "
        "FROM feature) "
        "SELECT '0' AS match_key, l.record AS join_key_l, r.record AS join_key_r FROM places "
        "JOIN placed AS l ON l.place = place_l JOIN placed AS r ON r.place = place_r"
    )
    connection.unregister("places")


def _patterns(connection: DuckDBPyConnection, linker: Linker, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    compared = linker.inference.predict(warning_mode="never").physical_name
    levels = ", ".join(f"gamma_{one.name} AS {one.name}" for one in comparisons)
    frame = connection.execute(f"SELECT {levels}, COUNT(*) AS pairs FROM {compared} GROUP BY ALL ORDER BY ALL").df()
    connection.execute(f"DROP TABLE {compared}")
    return frame
