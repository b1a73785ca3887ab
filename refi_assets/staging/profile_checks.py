"""Checks on the profiles of a source, as outcomes that do not depend on Dagster.

They find problems that no rule for single cells can: a column in another unit, a column that is suddenly empty, an id
that stands for nothing. Bounds come from the contracts, limits of change from the policy. Amounts in US dollars are
shown but not checked.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from refi_assets.ingestion.details import Baseline, Profile, SharedValue
from refi_assets.specs.columns import Column, Range
from refi_assets.specs.contracts import Contract
from refi_assets.specs.outcomes import Outcome, share_pct
from refi_assets.specs.policies import ProfileLimits

NO_MEDIANS: Mapping[str, Mapping[str, Decimal]] = {}

_UNITS = {"percent": " %", "USD": " USD"}


def medians_plausible(
    contract: Contract, profiles: Mapping[str, Profile], by_file: Mapping[str, Mapping[str, Decimal]] = NO_MEDIANS
) -> Outcome:
    """Whether medians are in the contract's range, for any number of rows.

    `by_file`: medians by column and file; one of several files may be in another unit.
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
    """Whether profiles are similar to those of the last published snapshot. Most changes only warn."""
    if baseline is None:
        return Outcome(True, 0, "no published snapshot of an earlier load date to compare with")
    blocking: list[str] = []
    warning: list[str] = []
    for column in contract.columns:
        profile, before = profiles.get(column.name), baseline.profiles.get(column.name)
        if profile is None or before is None or not is_compared(column):
            continue
        if min(profile.rows, before.rows) < limits.least_rows:
            continue
        for blocks, change in _changes(column, profile, before, limits):
            (blocking if blocks else warning).append(f"{column.name}: {change}")
    return Outcome(
        passed=not blocking and not warning,
        number=len(blocking) + len(warning),
        limit=f"0 changes since {baseline.load_date}",
        blocks=bool(blocking),
        description="; ".join([*blocking, *warning]) or None,
    )


def ids_not_shared(contract: Contract, shared: Mapping[str, SharedValue], least_rows: int) -> Outcome:
    """Whether no id is shared by too many rows, in the columns for which the contract has a limit."""
    problems, blocks, largest = [], False, Decimal(0)
    for column in contract.columns:
        limit, value = column.shared_share, shared.get(column.name)
        if limit is None or value is None or value.of < least_rows:
            continue
        largest = max(largest, share_pct(value.rows, value.of))
        if value.rows * 100 >= limit.warn_at * value.of:
            blocks = blocks or value.rows * 100 >= (limit.block_at or 101) * value.of
            problems.append(
                f"{value.rows:,} of {value.of:,} rows have the {column.name} {value.value!r}; if it stands for "
                "nothing, add it to missingValues in the contract"
            )
    description = "; ".join(problems) or None
    return Outcome(not problems, float(largest), "limits of the contract", blocks, description=description)


def is_compared(column: Column) -> bool:
    """Whether a column's numbers are compared with those of the last published snapshot."""
    return column.is_numeric and column.unit != "USD"


def _is_within(number: Decimal, bounds: Range) -> bool:
    return bounds.minimum <= number <= bounds.maximum or number in bounds.also


def _implausible(column: Column, bounds: Range, median: Decimal, where: str) -> str:
    unit = _UNITS.get(column.unit or "", "")
    allowed = f"{_plain(bounds.minimum)} to {_plain(bounds.maximum)}"
    problem = f"the median of {column.name}{where} is {_plain(median)}, not from {allowed}"
    for factor, looks_like in ((100, "a fraction"), (Decimal("0.01"), "hundredths")):
        if _is_within(median * factor, bounds):
            return f"{problem}: looks like {looks_like}: {_plain(median)} for {_plain(median * factor)}{unit}?"
    return problem


def _changes(column: Column, now: Profile, before: Profile, limits: ProfileLimits) -> Iterator[tuple[bool, str]]:
    """Changes beyond the limits, and whether each blocks."""
    if now.median and before.median and _ratio(now.median, before.median) >= limits.median_factor:
        yield column.unit == "percent", f"the median is {_plain(now.median)} and was {_plain(before.median)}"
    for name, meaning in _SHARES.items():
        share, share_before = _share(name, now), _share(name, before)
        rise = share - share_before
        if (rise if name == "nulls" else abs(rise)) >= limits.share_points:
            yield name == "nulls", f"{_plain(share)} % are {meaning}, {_plain(share_before)} % were"


_SHARES = {"nulls": "empty", "zeros": "zero", "whole": "whole numbers"}


def _share(name: str, profile: Profile) -> Decimal:
    whole = profile.rows if name == "nulls" else profile.numbers
    return share_pct(getattr(profile, name), whole)


def _ratio(now: Decimal, before: Decimal) -> Decimal:
    """The factor between two numbers, at least 1; infinite if their signs differ."""
    if now * before < 0:
        return Decimal("Infinity")
    return max(now / before, before / now)


def _plain(number: Decimal) -> str:
    """A number without zeros at the end and without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
