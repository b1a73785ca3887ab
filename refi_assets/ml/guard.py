"""The leak guard: columns that a model must not read, by their names or by what they give away of the outcome.

The names are in policies/ml/ml.yaml. A column is judged by training rows only, so the test part stays unseen.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from refi_assets.ml.column_names import name_matches
from refi_assets.ml.measures import auc_or_half
from refi_assets.ml.policy import MlPolicy
from refi_assets.ml.tables import Bools, Column, Floats, Table, is_missing, is_number


@dataclass(frozen=True)
class Refusal:
    """A column that no model may read, and why."""

    column: str
    reason: str


def protected_columns(names: Iterable[str], policy: MlPolicy, product: str | None) -> list[Refusal]:
    """The columns that are, or stand for, a basis on which a lender must not decide about this product."""
    return [
        Refusal(name, f"its name stands for a protected basis, {basis.basis}")
        for name in names
        for basis in policy.protected
        if (not basis.products or product in basis.products) and name_matches(name, basis)
    ]


def protected_for_other_products(names: Iterable[str], policy: MlPolicy, product: str | None) -> list[str]:
    """A warning for each column that is protected for other products than this one."""
    return [
        f"{name} stands for {basis.basis}: a model for the product {' or '.join(basis.products)} must not read it"
        for name in names
        for basis in policy.protected
        if basis.products and product not in basis.products and name_matches(name, basis)
    ]


def predictions_of_outcome(names: Iterable[str], policy: MlPolicy) -> list[Refusal]:
    """The columns that are another model's prediction of the same outcome."""
    return [
        Refusal(name, "it is itself a prediction of default, and a model must not learn from one")
        for name in names
        if name_matches(name, policy.predictions)
    ]


def dated_after(table: Table, dates: Collection[str], decided: Floats | None) -> list[Refusal]:
    """The columns of dates with a value after the day of the decision."""
    if decided is None:
        return []
    later = {name: int(np.sum(np.floor(table[name]) > decided)) for name in sorted(dates) if name in table}
    return [Refusal(name, f"{rows:,} of its dates are after the decision") for name, rows in later.items() if rows]


def shared_ids(train_ids: Collection[object], test_ids: Collection[object]) -> int:
    """The number of customers who are in both parts; a split of ours has none."""
    return len(set(train_ids) & set(test_ids))


def outcome_under_another_name(table: Table, label: Bools) -> tuple[list[Refusal], dict[str, float]]:
    """The columns that tell the labels of these rows apart without an error, and the ROC-AUC of each other column.

    A category's AUC is that of the label's share in each level; a level with few rows says nothing.
    """
    refused, alone = [], {}
    for name, column in table.items():
        auc = auc_alone(column, label)
        if auc == 1.0:
            refused.append(
                Refusal(name, "it is the label under another name: it tells the labels apart without an error")
            )
        else:
            alone[name] = auc
    return refused, alone


def auc_alone(column: Column, label: Bools) -> float:
    """The ROC-AUC of one column alone, at least .5: of its values, of its levels if each has ten rows on average,
    or of whether it has a value, whichever is best.
    """
    missing = is_missing(column)
    by_missing = auc_or_half(label, missing.astype(np.float64))
    if is_number(column):
        ranks = rankdata(np.where(missing, np.nanmedian(column) if not missing.all() else 0.0, column))
        by_value = auc_or_half(label, ranks)
        apart = auc_or_half(label[~missing], column[~missing]) if missing.any() else by_value
        both = [by_value] if missing.mean() > _MOST_MISSING else [by_value, apart]
        if len(np.unique(column)) * _LEAST_OF_LEVEL <= len(column):  # it may be a code
            both.append(_auc_of_levels(column, label))
    else:
        both = [_auc_of_levels(column, label)]
    return max(max(auc, 1 - auc) for auc in [*both, by_missing])


_MOST_MISSING = 0.5  # of the rows: an AUC of the others alone says little
_LEAST_OF_LEVEL = 10  # rows, on average


def _auc_of_levels(column: Column, label: Bools) -> float:
    levels, place = np.unique(np.array([str(value) for value in column]), return_inverse=True)
    positive, total = np.bincount(place, weights=label), np.bincount(place)
    if np.all((positive == 0) | (positive == total)) and len(levels) * _LEAST_OF_LEVEL <= len(column):
        return 1.0
    rates = np.where(total < _LEAST_OF_LEVEL, label.mean(), positive / total)
    return auc_or_half(label, rates[place])


def warn_alone(alone: Mapping[str, float], policy: MlPolicy) -> list[str]:
    """A warning for each column that tells the labels apart too well to be true."""
    limit = policy.leak_guard.warn_alone_auc_above
    return [
        f"{name} alone has an AUC of {auc:.3f}; it may not have been known at the time of the decision"
        for name, auc in alone.items()
        if auc > limit
    ]


def refused_names(refusals: Sequence[Refusal]) -> dict[str, str]:
    """Column -> the first reason why it is refused."""
    return {refusal.column: refusal.reason for refusal in reversed(refusals)}
