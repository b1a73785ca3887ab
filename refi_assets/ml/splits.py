"""The test part of a table, and folds of its training part. Rows of one id are always on the same side."""

import numpy as np
from numpy.typing import NDArray

from refi_assets.errors import ModelError
from refi_assets.ml.policy import Split
from refi_assets.ml.tables import Bools, Floats

Ids = NDArray[np.int64]  # a number for each row; equal for rows of one id


def set_apart(label: Bools, ids: Ids, time: Floats | None, rules: Split, *, outcome: str, advice: str = "") -> Bools:
    """The test part by the policy: the newest rows, or without times rows drawn with the policy's seed.

    Messages call the label `outcome`, such as "a label", and end in the advice. Raises ModelError if there are too few
    rows, or too few of a label in either part.
    """
    if len(label) < rules.least_rows:
        raise ModelError(
            f"{len(label):,} rows with {outcome} are too few to learn from and to measure: at least {rules.least_rows} "
            "are needed."
        )
    noun = outcome.rsplit(maxsplit=1)[-1]
    share = rules.test_share_pct / 100
    test = newest_part(time, ids, share) if time is not None else stratified_part(label, ids, share, rules.seed)
    for part, labels in (("training", label[~test]), ("test", label[test])):
        least = min(int(labels.sum()), int((~labels).sum()))
        if least < rules.least_positive:
            raise ModelError(
                f"The {part} part has {least:,} rows of one {noun}: at least {rules.least_positive} of each are "
                f"needed. {advice}".rstrip()
            )
    return test


def newest_part(time: Floats, ids: Ids, share: float) -> Bools:
    """The rows of the ids whose newest time is latest, about this share of all rows; older rows of these ids, too.

    Rows without a time count as the oldest. All rows of one time are on one side if the share stays within a third of
    what was asked for.
    """
    time = np.where(np.isnan(time), -np.inf, time)
    newest = np.full(ids.max() + 1, -np.inf)
    np.maximum.at(newest, ids, time)
    order = np.argsort(newest, kind="stable")  # of ids, by their newest time
    left_of = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=len(newest))[order])])  # rows before each id
    wanted = len(ids) * (1 - share)
    place = int(np.argmin(np.abs(left_of[1:-1] - wanted))) + 1 if len(order) > 1 else 1
    times = newest[order]
    edges = np.flatnonzero(times[1:] > times[:-1]) + 1
    if len(edges):
        edge = int(edges[np.argmin(np.abs(left_of[edges] - wanted))])
        if abs(left_of[edge] - wanted) <= len(ids) * share / 3:
            place = edge
    is_newest: Bools = np.isin(ids, order[place:])
    return is_newest


def stratified_part(label: Bools, ids: Ids, share: float, seed: int) -> Bools:
    """Rows drawn with a seed, about this share of the rows of each label; an id counts with its rarer label."""
    is_drawn: Bools = assign_folds(label, ids, [share, 1 - share], seed) == 0
    return is_drawn


def folds_of(label: Bools, ids: Ids, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row, from 0, with about the same share of labels in each."""
    return assign_folds(label, ids, [1 / folds] * folds, seed)


def assign_folds(label: Bools, ids: Ids, shares: list[float], seed: int) -> NDArray[np.int64]:
    """The part of each row, of parts with these shares of each label's rows."""
    generator = np.random.default_rng(seed)
    rows_of_id = np.bincount(ids)
    rarer = bool(label.mean() < 0.5)
    has_rarer = np.bincount(ids, weights=label == rarer) > 0
    part_of_id = np.zeros(len(rows_of_id), dtype=np.int64)
    limits = np.cumsum(shares)[:-1]
    for stratum in (has_rarer, ~has_rarer):
        members = generator.permutation(np.flatnonzero(stratum & (rows_of_id > 0)))
        reached = np.cumsum(rows_of_id[members])
        middle = (reached - rows_of_id[members] / 2) / max(1, reached[-1] if len(reached) else 1)
        part_of_id[members] = np.searchsorted(limits, middle)
    return part_of_id[ids]
