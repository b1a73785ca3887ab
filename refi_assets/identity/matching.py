"""Probabilistic matching (Fellegi and Sunter) with Splink on DuckDB.

Splink blocks, compares and weighs pairs of records; estimation.py estimates the parameters. Another backend of Splink
would replace DuckDBAPI here.
"""

import logging
import math
import re
from collections.abc import Callable, Collection, Sequence
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
    differs_as_relatives_sql,
    differs_in_suffix_sql,
    shares_nothing_personal_sql,
)
from refi_assets.identity.estimation import SHIPPED_WEIGHT, Parameters, estimate, shipped
from refi_assets.identity.features import make_features
from refi_assets.identity.placeholders import removed_placeholders
from refi_assets.identity.review import add_review_reasons
from refi_assets.specs.sql_steps import load_steps

logging.getLogger("splink").setLevel(logging.CRITICAL)  # it prints every step

RANDOM_PAIRS = 500_000
ESTIMATED_FROM = 2_000_000  # pairs; a sample if there are more
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
    """The comparisons of a matching and their weights."""

    records: int
    comparisons: list[Comparison]
    blocking: Blocking
    compared_pairs: int
    parameters: Parameters
    unlinkable_share: float  # of records with so little data that they would not even be linked to themselves
    placeholders: list[dict[str, Any]] = field(default_factory=list)  # from removed_placeholders()

    @property
    def is_shipped(self) -> bool:
        """Whether there are so few matches to estimate from that the shipped parameters outweigh the data."""
        return self.parameters.expected_pairs < SHIPPED_WEIGHT

    def as_json(self) -> dict[str, Any]:
        """The model as a record keeps it: levels in the order of likeness, the least alike first; weights in bits."""
        parameters = self.parameters
        return {
            "records": self.records,
            "compared_pairs": self.compared_pairs,
            "prior": parameters.prior,
            "prior_weight": math.log2(parameters.prior / (1 - parameters.prior)),
            "expected_pairs": parameters.expected_pairs,
            "iterations": parameters.iterations,
            "has_families": parameters.has_families,
            "is_shipped": self.is_shipped,
            "unlinkable_share": self.unlinkable_share,
            "placeholders": self.placeholders,
            "rules": [{"on": list(rule), "pairs": pairs} for rule, pairs in self.blocking.rules.items()],
            "refused": [{"on": list(rule), "pairs": pairs} for rule, pairs in self.blocking.refused.items()],
            "comparisons": [
                {"name": comparison.name, "levels": self._levels_json(comparison)} for comparison in self.comparisons
            ],
        }

    def _levels_json(self, comparison: Comparison) -> list[dict[str, Any]]:
        m, u = self.parameters.m[comparison.name], self.parameters.u[comparison.name]
        return [
            {"label": level.label, "m": float(m_), "u": float(u_), "weight": math.log2(m_ / u_)}
            for level, m_, u_ in zip(comparison.all_levels, m, u, strict=True)
        ]


def match_by_splink(
    connection: DuckDBPyConnection,
    table: str,
    kinds: Sequence[str],
    *,
    least_probability: float,
    say: Callable[[str], None],
) -> Model:
    """Compare the records of a table and leave the pairs that may be of one person in the table `pair`.

    The table has record (an integer, unique) and columns named by what they are, all text. `pair` has record_1 <
    record_2, match_weight (bits), match_probability, evidence (JSON: the level of each comparison and its weight; with
    the prior the weights add up to match_weight) and review_reason (why only people may link the pair; mostly null),
    and no pair below least_probability.
    `say` reports progress. Raises IdentityError.
    """
    connection.execute("SET enable_progress_bar = false")
    ((records,),) = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()
    if records < 2:
        connection.execute(NO_PAIR)
        return Model(records, [], Blocking({}), 0, shipped([]), 0.0)
    say("reading what the columns hold")
    comparisons = _choose_comparisons(make_features(connection, table, kinds), kinds)
    placeholders = removed_placeholders(connection, say)
    columns = [name for name, *_ in connection.execute("DESCRIBE feature").fetchall()]
    blocking = choose_rules(connection, columns, records, allowed_pairs(records))
    linkers = _Linkers(connection, comparisons, _splink_rules(blocking))
    say(f"bringing together pairs of {records:,} records by {len(linkers.rules)} rules")
    candidates, compared = linkers.block()
    if not compared:
        say("no two records share enough to be compared")
        connection.execute(NO_PAIR)
        return Model(records, comparisons, blocking, 0, shipped(comparisons), 0.0, placeholders)
    share = min(1.0, ESTIMATED_FROM / compared)
    say(f"estimating parameters from {round(share * compared):,} of {compared:,} pairs")
    parameters = estimate_match_parameters(connection, comparisons, candidates, share, records)
    unlinkable = _unlinkable_share(connection, linkers, parameters, records)
    model = Model(records, comparisons, blocking, compared, parameters, unlinkable, placeholders)
    if model.is_shipped:
        say("there are too few matches to estimate from: shipped parameters decide")
    say(f"weighing {compared:,} pairs")
    _weigh_pairs(connection, linkers, parameters, candidates, least_probability)
    add_review_reasons(connection, 0.0 if model.is_shipped else parameters.share_different("surname"))
    return model


def _choose_comparisons(features: Collection[str], kinds: Sequence[str]) -> list[Comparison]:
    """The comparisons of these features. Raises IdentityError if they cannot distinguish persons."""
    comparisons = comparisons_of(features)
    if not comparisons:
        raise IdentityError(
            f"There is nothing to compare: of {', '.join(kinds)}, no column contains two different values."
        )
    names = [comparison.name for comparison in comparisons]
    if not set(names) & set(PERSONAL):
        raise IdentityError(
            f"There is nothing personal to compare, only {', '.join(names)}, which strangers share. Map a column to "
            f"{', '.join(PERSONAL[:-1])} or {PERSONAL[-1]}."
        )
    return comparisons


class _Linkers:
    """Splink's linkers on the table `feature`, all with the same comparisons and blocking rules."""

    def __init__(self, connection: DuckDBPyConnection, comparisons: Sequence[Comparison], rules: list[Any]) -> None:
        self.comparisons, self.rules = comparisons, rules
        self._connection = connection

    def block(self) -> tuple[str, int]:
        """The table of the pairs that the rules bring together, and their number; no table without rules."""
        if not self.rules:
            return "", 0
        linker = self._linker(DuckDBAPI(self._connection), shipped(self.comparisons))
        candidates = linker.inference.compute_blocked_pairs_for_predict().physical_name
        ((pairs,),) = self._connection.execute(f"SELECT COUNT(*) FROM {candidates}").fetchall()
        return candidates, pairs

    def predict(self, pairs: str, parameters: Parameters, least_probability: float | None = None) -> str:
        """The table of the weighed pairs of a table of blocked pairs, without those below a probability."""
        api = DuckDBAPI(self._connection)
        linker = self._linker(api, parameters)
        linker.table_management.register_blocked_pairs_for_predict(api.register(pairs))
        return linker.inference.predict(
            threshold_match_probability=least_probability, warning_mode="never"
        ).physical_name

    def _linker(self, api: DuckDBAPI, parameters: Parameters) -> Linker:
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record",
            comparisons=[_splink_comparison(comparison, parameters) for comparison in self.comparisons],
            blocking_rules_to_generate_predictions=self.rules,
            retain_intermediate_calculation_columns=True,
            probability_two_random_records_match=parameters.prior,
        )
        return Linker(api.register("feature"), settings, log_level=None)


def estimate_match_parameters(
    connection: DuckDBPyConnection, comparisons: Sequence[Comparison], candidates: str, share: float, records: int
) -> Parameters:
    """Parameters of the model, from a share of the blocked pairs in the table `candidates` and from random pairs."""
    connection.execute(
        f"CREATE TABLE estimated_from AS SELECT * FROM {candidates} "
        f"WHERE HASH(join_key_l, join_key_r) % 1000000 < {round(share * 1_000_000)}"
    )
    _draw_pairs(connection, records)
    compared, drawn = (_patterns(connection, pairs, comparisons) for pairs in ("estimated_from", "random_pair"))
    compared["pairs"] = compared["pairs"] / share
    return estimate(comparisons, compared, drawn, records * (records - 1) / 2)


def _unlinkable_share(connection: DuckDBPyConnection, linkers: _Linkers, parameters: Parameters, records: int) -> float:
    connection.execute(load_steps("identity")["pairs_with_itself"], {"one_in": max(1, records // SELF_PAIRS)})
    weighed = linkers.predict("pair_with_itself", parameters)
    ((share,),) = connection.execute(
        f"SELECT AVG(CAST(match_probability < {UNLINKABLE_BELOW} AS INTEGER)) FROM {weighed}"
    ).fetchall()
    return float(share)


def _weigh_pairs(
    connection: DuckDBPyConnection,
    linkers: _Linkers,
    parameters: Parameters,
    candidates: str,
    least_probability: float,
) -> None:
    """Create the table compared_pair: pairs with their weight, without those that cannot match."""
    comparisons = linkers.comparisons
    no_match = shares_nothing_personal_sql(comparisons, "gamma_")
    if parameters.has_families:
        no_match += f" OR {differs_as_relatives_sql(comparisons, 'gamma_', 'OR')}"
    connection.execute(
        "CREATE TABLE compared_pair AS "
        "SELECT LEAST(record_l, record_r) AS record_1, GREATEST(record_l, record_r) AS record_2, "
        f"match_weight, match_probability, {_evidence(comparisons)} AS evidence "
        f"FROM {linkers.predict(candidates, parameters, least_probability)} WHERE NOT ({no_match})"
    )


def _splink_rules(blocking: Blocking) -> list[Any]:
    if blocking.compares_all:
        return [CustomRule("1 = 1")]
    swapped = [CustomRule("l.name_key = r.name_swapped AND l.given <> l.surname")] if blocking.swaps_names else []
    return [*(block_on(*rule) for rule in blocking.rules), *swapped]


def _splink_comparison(comparison: Comparison, parameters: Parameters) -> CustomComparison:
    levels: list[Any] = [CustomLevel(_suffixed(comparison.unknown), NOT_KNOWN).configure(is_null_level=True)]
    for number, level in reversed(list(enumerate(comparison.all_levels))):
        levels.append(
            CustomLevel(_suffixed(level.condition), level.label).configure(
                m_probability=float(parameters.m[comparison.name][number]),
                u_probability=float(parameters.u[comparison.name][number]),
                tf_adjustment_column=comparison.feature if level.has_term_frequencies else None,
            )
        )
    return CustomComparison(levels, output_column_name=comparison.name)


def _evidence(comparisons: Sequence[Comparison]) -> str:
    """SQL of a JSON object: the level that a pair reached in each comparison, and its weight in bits."""
    parts = []
    for comparison in comparisons:
        name = comparison.name
        whens = " ".join(f"WHEN {number} THEN '{level.label}'" for number, level in enumerate(comparison.all_levels))
        weight = f"mw_{name}"
        if any(level.has_term_frequencies for level in comparison.levels):
            weight += f" + mw_tf_adj_{name}"
        label = f"CASE gamma_{name} {whens} ELSE '{NOT_KNOWN}' END"
        parts.append(f"'{name}', JSON_OBJECT('level', {label}, 'weight', ROUND({weight}, 4))")
    return f"CAST(JSON_OBJECT({', '.join(parts)}) AS VARCHAR)"


def _suffixed(condition: str) -> str:
    """A condition with Splink's names for the columns of two records: l.surname is surname_l."""
    return re.sub(r"\b([lr])\.(\w+)", r"\2_\1", condition)


def _draw_pairs(connection: DuckDBPyConnection, records: int) -> None:
    """Create the table random_pair, which is the same for the same number of records."""
    rng = np.random.default_rng(SEED)
    first, second = rng.integers(0, records, (2, min(RANDOM_PAIRS, records * records)))
    frame = pd.DataFrame({"place_l": np.minimum(first, second), "place_r": np.maximum(first, second)})
    connection.register("drawn_place", frame[frame["place_l"] < frame["place_r"]])
    connection.execute(load_steps("identity")["random_pairs"])
    connection.unregister("drawn_place")


def _patterns(connection: DuckDBPyConnection, pairs: str, comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """Each pattern of levels with its number of pairs; in one query, since Splink would first write every pair."""
    levels = ", ".join(f"{_level_sql(comparison)} AS {comparison.name}" for comparison in comparisons)
    no_match = f"{shares_nothing_personal_sql(comparisons, '')} OR {differs_in_suffix_sql(comparisons, '')}"
    return connection.execute(
        f"WITH pattern AS (SELECT {levels} FROM {pairs} JOIN feature AS l ON l.record = join_key_l "
        "JOIN feature AS r ON r.record = join_key_r) "
        f"SELECT *, {no_match} AS is_no_match, {differs_as_relatives_sql(comparisons, '', 'AND')} AS is_family, "
        f"{differs_as_relatives_sql(comparisons, '', 'OR')} AS is_relative, COUNT(*) AS pairs "
        "FROM pattern GROUP BY ALL ORDER BY ALL"
    ).df()


def _level_sql(comparison: Comparison) -> str:
    """SQL of the number of the level that a pair reaches, -1 if it is not known."""
    numbered = reversed(list(enumerate(comparison.levels[::-1], start=1)))
    whens = " ".join(f"WHEN {level.condition} THEN {number}" for number, level in numbered)
    return f"CASE WHEN {comparison.unknown} THEN -1 {whens} ELSE 0 END"
