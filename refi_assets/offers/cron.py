"""EventBridge's cron expressions, translated into the five fields that Dagster reads, in UTC.

EventBridge has six fields (minutes, hours, day of month, month, day of week, year) and counts weekdays from Sunday as
1; cron counts them from 0. Source: Amazon EventBridge User Guide, Cron expressions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of the months


@dataclass(frozen=True)
class _Field:
    """A field of the expression: its bounds, its names, and what is added to its numbers in cron."""

    name: str
    least: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict)
    shift: int = 0

    def items(self, text: str) -> list[tuple[str, set[int]]]:
        """Each item of a list in cron, and the numbers that it stands for in EventBridge."""
        return [self._item(item) for item in text.split(",")]

    def _item(self, item: str) -> tuple[str, set[int]]:
        if re.fullmatch("([A-Z]{3}|[0-9]*)(L|W|LW)(-[0-9]+)?", item):
            raise ValueError(f"{self.name} {item}: L (last) and W (nearest weekday) have no equivalent in cron.")
        if self.name == "day of week" and (match := re.fullmatch(r"([A-Z]+|[0-9]+)#([1-5])", item)):
            day = self._number(match[1])
            return f"{day + self.shift}#{match[2]}", {day}
        match = re.fullmatch(r"(\*|[A-Z]+|[0-9]+)(?:-([A-Z]+|[0-9]+))?(?:/([0-9]+))?", item)
        if match is None or (match[1] == "*" and match[2]):
            raise ValueError(f"{self.name} {item!r} cannot be read.")
        step = int(match[3] or 1)
        if not 1 <= step <= self.most - self.least:
            raise ValueError(f"{self.name} {item}: a step is from 1 to {self.most - self.least}.")
        if match[1] == "*":
            return (f"*/{step}" if match[3] else "*"), set(range(self.least, self.most + 1, step))
        first = self._number(match[1])
        last = self._number(match[2]) if match[2] else self.most if match[3] else first
        if last < first:
            raise ValueError(f"{self.name} {item}: a range runs from the lower to the higher.")
        text = str(first + self.shift) if last == first else f"{first + self.shift}-{last + self.shift}"
        return (f"{text}/{step}" if match[3] and last > first else text), set(range(first, last + 1, step))

    def _number(self, text: str) -> int:
        number = self.names.get(text) if text.isalpha() else int(text)
        if number is None or not self.least <= number <= self.most:
            names = f" or {', '.join(self.names)}" if self.names else ""
            raise ValueError(f"{self.name} {text}: it is from {self.least} to {self.most}{names}.")
        return number


_MINUTE, _HOUR = _Field("minutes", 0, 59), _Field("hours", 0, 23)
_DAY, _MONTH = _Field("day of month", 1, 31), _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 1, 7, _WEEKDAYS, shift=-1)


def cron_of(schedule: str) -> str:
    """The five fields of cron(minutes hours day-of-month month day-of-week year): `0 2 * * 1`, in UTC.

    Raises ValueError if it cannot be read, or says what five fields cannot: a year, L, W.
    """
    match = re.fullmatch(r"cron\(\s*([^()]*?)\s*\)", schedule.strip())
    fields = match[1].upper().split() if match else []
    if len(fields) != 6:
        raise ValueError(
            f"{schedule!r} cannot be read; write cron(minutes hours day-of-month month day-of-week year), such as "
            "cron(0 2 ? * MON *)."
        )
    minute, hour, day, month, weekday, year = fields
    if year != "*":
        raise ValueError(f"the year must be *, not {year}: a cron schedule has no year.")
    if (day == "?") == (weekday == "?"):
        raise ValueError("exactly one of day of month and day of week must be ?, as EventBridge requires.")
    if "#" in weekday and "," in weekday:
        raise ValueError(f"day of week {weekday}: a weekday with # must be alone.")
    parts = [
        [("*", set[int]())] if text == "?" and field_ in (_DAY, _WEEKDAY) else field_.items(text)
        for field_, text in ((_MINUTE, minute), (_HOUR, hour), (_DAY, day), (_MONTH, month), (_WEEKDAY, weekday))
    ]
    if day != "?":
        days, months = (set[int]().union(*(numbers for _, numbers in parts[index])) for index in (2, 3))
        if all(min(days) > _LONGEST[number - 1] for number in months):
            raise ValueError(f"day of month {day} does not exist in month {month}.")
    return " ".join(",".join(text for text, _ in items) for items in parts)
