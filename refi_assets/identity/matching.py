"""Probabilistic matching (Fellegi and Sunter) with Splink on DuckDB.

Splink brings pairs together, compares them and weighs them; its parameters come from estimation. Another backend of
Splink's would take the place of DuckDBAPI here.
"""

import logging
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from duckdb import DuckDBPyConnection
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.blocking_rule_library import CustomRule
from splink.comparison_level_library import CustomLevel
from splink.comparison_library import CustomComparison

from refi_assets.errors import IdentityError
from refi_assets.identity.blocking import Blocking, allowed_pairs, choose_rules
from refi_assets.identity.comparisons import (
    PERSONAL,
    Comparison,
    comparisons_of,
    is_anyone,
    is_generation,
    is_relative,
)
from refi_assets.identity.estimation import SHIPPED_PRIOR, SHIPPED_WEIGHT, Parameters, estimate, shipped
from refi_assets.identity.features import make_features
from refi_assets.identity.placeholders import removed_placeholders
from refi_assets.identity.review import add_review_reasons

logging.getLogger("splink").setLevel(logging.CRITICAL)  # it prints what it does

RANDOM_PAIRS = 500_000
ESTIMATED_FROM = 2_000_000  # pairs, as a sample of more
SEED = 20260220
NO_PAIR = (
    "CREATE TABLE pair "
    "(record_1 BIGINT, record_2 BIGINT, match_weight DOUBLE, match_probability DOUBLE, evidence VARCHAR, "
    "review_reason VARCHAR)"
)
SELF_PAIRS = 50_000
UNLINKABLE_BELOW = 0.95
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Model:
    """What was compared and how it weighs."""

    records: int
    comparisons: list[Comparison]
    blocking: Blocking
    compared_pairs: int
    parameters: Parameters
    unlinkable_share: float  # of records that say so little that not even themselves would be found to match
    placeholders: list[dict[str, Any]] = field(default_factory=list)  # as removed_placeholders() has them

    @property
    def is_shipped(self) -> bool:
        """Whether there is so little to estimate from that the shipped parameters weigh more than the data."""
        return self.parameters.expected_pairs < SHIPPED_WEIGHT

    def as_json(self) -> dict[str, Any]:
        """All of it, for the record: levels stand in the order of likeness, the least first; weights are bits."""
        found = self.parameters
        return {
            "records": self.records,
            "compared_pairs": self.compared_pairs,
            "prior": found.prior,
            "prior_weight": math.log2(found.prior / (1 - found.prior)),
            "expected_pairs": found.expected_pairs,
            "iterations": found.iterations,
            "has_families": found.has_families,
            "is_shipped": self.is_shipped,
            "unlinkable_share": self.unlinkable_share,
            "placeholders": self.placeholders,
            "rules": [{"on": list(rule), "pairs": pairs} for rule, pairs in self.blocking.rules.items()],
            "refused": [{"on": list(rule), "pairs": pairs} for rule, pairs in self.blocking.refused.items()],
            "comparisons": [
                {
                    "name": one.name,
                    "levels": [
                        {"label": level.label, "m": float(m), "u": float(u), "weight": math.log2(m / u)}
                        for level, m, u in zip(one.all_levels, found.m[one.name], found.u[one.name], strict=True)
                    ],
                }
                for one in self.comparisons
            ],
        }


def match(
    connection: DuckDBPyConnection,
    table: str,
    kinds: Sequence[str],
    *,
    least_probability: float,
    say: Callable[[str], None],
) -> Model:
    """Compare the records of a table and leave the pairs that may be of one person in the table `pair`.

    The table has record (an integer, unique) and columns named by what they are, all text. `pair` has record_1 <
    record_2, match_weight (bits), match_probability, evidence (JSON: of each comparison the level and its weight;
    with the prior they add up to the match's weight) and review_reason (why only people may link the two, if so), and
    no pair below least_probability.
    `say` is told of progress. Raises IdentityError.
    """
    connection.execute("SET enable_progress_bar = false")
    ((records,),) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()
    if records < 2:
        connection.execute(NO_PAIR)
        return Model(records, [], Blocking({}), 0, shipped([]), 0.0)
    say("reading what the columns hold")
    telling = make_features(connection, table, kinds)
    placeholders = removed_placeholders(connection, say)
    comparisons = comparisons_of(telling)
    if not comparisons:
        raise IdentityError(
            "There is nothing to compare: no column that says what it is holds two different values. "
            f"Looked at {', '.join(kinds)}."
        )
    if not {one.name for one in comparisons} & set(PERSONAL):
        raise IdentityError(
            f"There is nothing of a person's own to compare, only {', '.join(one.name for one in comparisons)}, which "
            f"strangers share. Say which columns are {', '.join(PERSONAL[:-1])} or {PERSONAL[-1]}."
        )
    columns = [name for name, *_ in connection.execute("DESCRIBE feature").fetchall()]
    blocking = choose_rules(connection, columns, records, allowed_pairs(records))
    rules = _splink_rules(blocking)

    def linker(parameters: Parameters | None, pairs: str | None) -> Linker:
        api = DuckDBAPI(connection)
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record",
            comparisons=[_splink_comparison(one, parameters) for one in comparisons],
            blocking_rules_to_generate_predictions=rules,
            retain_intermediate_calculation_columns=True,
            probability_two_random_records_match=parameters.prior if parameters else SHIPPED_PRIOR,
        )
        made = Linker(api.register("feature"), settings, log_level=None)
        if pairs is not None:
            made.table_management.register_blocked_pairs_for_predict(api.register(pairs))
        return made

    say(f"bringing together pairs of {records:,} records by {len(rules)} rules")
    candidates, compared = "", 0
    if rules:
        candidates = linker(None, None).inference.compute_blocked_pairs_for_predict().physical_name
        (compared,) = connection.execute(f"SELECT COUNT(*) FROM {candidates}").fetchall()[0]
    if not compared:
        say("no two records share enough to be compared")
        connection.execute(NO_PAIR)
        return Model(records, comparisons, blocking, 0, shipped(comparisons), 0.0, placeholders)
    share = min(1.0, ESTIMATED_FROM / compared)
    say(f"estimating parameters from {round(share * compared):,} of {compared:,} pairs")
    connection.execute(
        f"CREATE TABLE estimated_from AS SELECT * FROM {candidates} "
        f"WHERE HASH(join_key_l, join_key_r) % 1000000 < {round(share * 1_000_000)}"
    )
    _draw_pairs(connection, records)
    counted, drawn = (_patterns(connection, pairs, comparisons) for pairs in ("estimated_from", "drawn"))
    counted["pairs"] = counted["pairs"] / share
    parameters = estimate(comparisons, counted, drawn, records * (records - 1) / 2)
    connection.execute(
        "CREATE TABLE itself AS SELECT '0' AS match_key, record AS join_key_l, record AS join_key_r FROM feature "
        f"WHERE HASH(record) % {max(1, records // SELF_PAIRS)} = 0"
    )
    unlinkable = _unlinkable(connection, linker(parameters, "itself"))
    model = Model(records, comparisons, blocking, compared, parameters, unlinkable, placeholders)
    if model.is_shipped:
        say("there are too few matches to estimate from: shipped parameters decide")
    say(f"weighing {compared:,} pairs")
    weighed = linker(parameters, candidates).inference.predict(
        threshold_match_probability=least_probability, warning_mode="never"
    )
    no_match = is_anyone(comparisons, "gamma_")
    if parameters.has_families:
        no_match += f" OR {is_relative(comparisons, 'gamma_', 'OR')}"
    connection.execute(
        "CREATE TABLE weighed_pair AS "
        "SELECT LEAST(record_l, record_r) AS record_1, GREATEST(record_l, record_r) AS record_2, "
        f"match_weight, match_probability, {_evidence(comparisons)} AS evidence FROM {weighed.physical_name} "
        f"WHERE NOT ({no_match})"
    )
    wrong_surnames = 0.0 if model.is_shipped else parameters.share_different("surname")
    add_review_reasons(connection, "weighed_pair", wrong_surnames)
    return model


def _unlinkable(connection: DuckDBPyConnection, linker: Linker) -> float:
    matched = linker.inference.predict(warning_mode="never").physical_name
    ((share,),) = connection.execute(
        f"SELECT AVG(CAST(match_probability < {UNLINKABLE_BELOW} AS INTEGER)) FROM {matched}"
    ).fetchall()
    return float(share)


def _splink_rules(blocking: Blocking) -> list[Any]:
    if blocking.compares_all:
        return [CustomRule("1 = 1")]
    swapped = [CustomRule("l.name_key = r.name_swapped AND l.given <> l.surname")] if blocking.swaps_names else []
    return [*(block_on(*rule) for rule in blocking.rules), *swapped]


def _splink_comparison(one: Comparison, parameters: Parameters | None) -> CustomComparison:
    levels: list[Any] = [CustomLevel(_suffixed(one.unknown), NOT_KNOWN).configure(is_null_level=True)]
    for number, level in reversed(list(enumerate(one.all_levels))):
        levels.append(
            CustomLevel(_suffixed(level.condition), level.label).configure(
                m_probability=float(parameters.m[one.name][number]) if parameters else level.m,
                u_probability=float(parameters.u[one.name][number]) if parameters else level.u,
                tf_adjustment_column=one.feature if level.has_term_frequencies else None,
            )
        )
    return CustomComparison(levels, output_column_name=one.name)


def _evidence(comparisons: Sequence[Comparison]) -> str:
    """SQL of a JSON object: of each comparison the level that a pair reached, and its weight in bits."""
    parts = []
    for one in comparisons:
        whens = " ".join(f"WHEN {n} THEN '{level.label}'" for n, level in enumerate(one.all_levels))
        weight = f"mw_{one.name}"
        if any(level.has_term_frequencies for level in one.levels):
            weight += f" + mw_tf_adj_{one.name}"
        level = f"CASE gamma_{one.name} {whens} ELSE '{NOT_KNOWN}' END"
        parts.append(f"'{one.name}', JSON_OBJECT('level', {level}, 'weight', ROUND({weight}, 4))")
    return f"CAST(JSON_OBJECT({', '.join(parts)}) AS VARCHAR)"


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


def _patterns(connection: DuckDBPyConnection, pairs: str, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """How often each pattern of levels occurs: counted at once, since Splink would first write all columns of pairs."""
    levels = ", ".join(f"{_level(one)} AS {one.name}" for one in comparisons)
    return connection.execute(
        f"WITH pattern AS (SELECT {levels} FROM {pairs} JOIN feature AS l ON l.record = join_key_l "
        "JOIN feature AS r ON r.record = join_key_r) "
        f"SELECT *, {is_anyone(comparisons, '')} OR {is_generation(comparisons, '')} AS is_no_match, "
        f"{is_relative(comparisons, '', 'AND')} AS is_family, "
        f"{is_relative(comparisons, '', 'OR')} AS is_relative, COUNT(*) AS pairs FROM pattern GROUP BY ALL ORDER BY ALL"
    ).df()


def _level(one: Comparison) -> str:
    """SQL of the level that a pair reaches, -1 where it is not known."""
    numbered = reversed(list(enumerate(one.levels[::-1], start=1)))
    whens = " ".join(f"WHEN {level.condition} THEN {number}" for number, level in numbered)
    return f"CASE WHEN {one.unknown} THEN -1 {whens} ELSE 0 END"
