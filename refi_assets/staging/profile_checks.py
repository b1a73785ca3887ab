"""Whether the numbers of a source look as they should, by their profiles: outcomes of checks, before Dagster's.

They see what no rule for single cells can: a column in another unit, a column that came empty, an id for nothing.
Bounds come from the contracts, limits of change from the policy. US dollars are shown and not judged.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from refi_assets.ingestion.details import Baseline, Profile, SharedValue
from refi_assets.specs.columns import Column, Range
from refi_assets.specs.contracts import Contract
from refi_assets.specs.outcomes import Outcome, share_pct
from refi_assets.specs.policies import ProfileLimits

NOTHING: Mapping[str, Mapping[str, Decimal]] = {}

_UNITS = {"percent": " %", "USD": " USD"}


def medians_plausible(
    contract: Contract, profiles: Mapping[str, Profile], by_file: Mapping[str, Mapping[str, Decimal]] = NOTHING
) -> Outcome:
    """The median of every column for which the contract says where it must be, at any number of rows.

    `by_file`: the medians in each of several files, of which one may be in another unit.
    """
    problems = []
    for column in contract.columns:
        bounds, profile = column.plausible_median, profiles.get(column.name)
        if bounds is None or profile is None or profile.median is None:
            continue
        medians = {f" in {file}": median for file, median in by_file.get(column.name, {}).items()}
        for where, median in {"": profile.median, **medians}.items():
            if not _is_within(median, bounds):
                problems.append(_implausible(column, bounds, median, where))
    return Outcome(not problems, len(problems), "0 columns", description="; ".join(problems) or None)


def profile_steady(
    contract: Contract, profiles: Mapping[str, Profile], baseline: Baseline | None, limits: ProfileLimits
) -> Outcome:
    """The profile of every column against that of the snapshot that was published before. Most changes only warn."""
    if baseline is None:
        return Outcome(True, 0, "no published snapshot of an earlier load date to compare with")
    blocking: list[str] = []
    others: list[str] = []
    for column in contract.columns:
        profile, before = profiles.get(column.name), baseline.profiles.get(column.name)
        if profile is None or before is None or not is_compared(column):
            continue
        if min(profile.rows, before.rows) < limits.least_rows:
            continue
        for blocks, words in _changes(column, profile, before, limits):
            (blocking if blocks else others).append(f"{column.name}: {words}")
    return Outcome(
        passed=not blocking and not others,
        number=len(blocking) + len(others),
        limit=f"0 changes since {baseline.load_date}",
        blocks=bool(blocking),
        description="; ".join([*blocking, *others]) or None,
    )


def ids_not_shared(contract: Contract, shared: Mapping[str, SharedValue], least_rows: int) -> Outcome:
    """The largest share of the rows that have one and the same id, of the columns for which the contract limits it."""
    problems, blocks, largest = [], False, Decimal(0)
    for column in contract.columns:
        top = shared.get(column.name)
        if column.shared_share is None or top is None or top.of < least_rows:
            continue
        share = share_pct(top.rows, top.of)
        largest = max(largest, share)
        if top.rows * 100 >= column.shared_share.warn_at * top.of:
            blocks = blocks or top.rows * 100 >= (column.shared_share.block_at or 101) * top.of
            problems.append(
                f"{top.rows:,} of {top.of:,} rows have the {column.name} {top.value!r}; if it stands for nothing, name "
                "it in missingValues of the contract"
            )
    words = "; ".join(problems) or None
    return Outcome(not problems, float(largest), "limits of the contract", blocks, description=words)


def is_compared(column: Column) -> bool:
    """Whether a column's numbers are compared with those published before."""
    return column.is_numeric and column.unit != "USD"


def _is_within(number: Decimal, bounds: Range) -> bool:
    return bounds.minimum <= number <= bounds.maximum or number in bounds.also


def _implausible(column: Column, bounds: Range, median: Decimal, where: str) -> str:
    unit = _UNITS.get(column.unit or "", "")
    allowed = f"{_plain(bounds.minimum)} to {_plain(bounds.maximum)}"
    words = f"the median of {column.name}{where} is {_plain(median)}, not from {allowed}"
    for factor, looks_like in ((100, "a fraction"), (Decimal("0.01"), "hundredths")):
        if _is_within(median * factor, bounds):
            return f"{words}: looks like {looks_like}: {_plain(median)} for {_plain(median * factor)}{unit}?"
    return words


def _changes(column: Column, now: Profile, before: Profile, limits: ProfileLimits) -> Iterator[tuple[bool, str]]:
    """What has changed too much, and whether that blocks."""
    if now.median and before.median and _ratio(now.median, before.median) >= limits.median_factor:
        words = f"the median is {_plain(now.median)} and was {_plain(before.median)}"
        yield column.unit == "percent", words
    shares = {name: (_share(name, now), _share(name, before)) for name in ("nulls", "zeros", "whole")}
    for name, (share, share_before) in shares.items():
        rises = share - share_before
        if (rises if name == "nulls" else abs(rises)) >= limits.share_points:
            words = f"{_plain(share)} % are {_SHARES[name]}, {_plain(share_before)} % were"
            yield name == "nulls", words


_SHARES = {"nulls": "empty", "zeros": "zero", "whole": "whole numbers"}


def _share(name: str, profile: Profile) -> Decimal:
    whole = profile.rows if name == "nulls" else profile.numbers
    return share_pct(getattr(profile, name), whole)


def _ratio(one: Decimal, other: Decimal) -> Decimal:
    """The factor between two numbers, at least 1; numbers of two signs are further apart than any factor."""
    if one * other < 0:
        return Decimal("Infinity")
    return max(one / other, other / one)


def _plain(number: Decimal) -> str:
    """A number without zeros at the end and without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
