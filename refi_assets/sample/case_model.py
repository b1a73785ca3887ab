"""The form of a case: what happens to a borrower's rows in the source files, and the counts that must result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BORROWER, LOAN = "borrower_information", "loan_information"
MARKET, ENGAGEMENT = "market_equity", "borrower_engagement"
SOURCES = (ENGAGEMENT, BORROWER, LOAN, MARKET)

# Stands for one byte that is not UTF-8; the control character SUBSTITUTE was made for that.
NOT_UTF8 = "\x1a"

# Cells without a text. Staging reads words for nothing as empty as well, and counts them.
EMPTY = ("", "   ", "\u00a0\t", '""')

Tier = Literal["Immediate Action", "Hot Lead", "Watchlist", "Ineligible"]
Fate = Literal["unified", "no_loan", "no_market_data", "no_own_offer", "no_borrower"]
Texts = str | tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A loan as the policy sees it: the range its spread and LTV are drawn from, and the verdict on all of them.

    `spread` in thousandths of a percentage point, `ltv` in hundredths of a percent, both ends included.
    """

    tier: Tier
    eligible: bool
    spread: tuple[int, int]
    ltv: tuple[int, int] = (3500, 8000)


@dataclass(frozen=True)
class Row:
    """One row of a source. If a text is a tuple, the borrowers of the case take its texts in turn.

    `cells` replaces cells, by column; `line` replaces the whole line. {cell} and {line} stand for the replaced text,
    {n} for the borrower's number. `reason` is that of the quarantine; without one, the row is accepted. `become` says
    whether staging turns the replaced cells of an accepted row into nulls or reads them as empty.
    """

    cells: Mapping[str, Texts] = field(default_factory=dict)
    line: Texts = "{line}"
    reason: str | None = None
    become: Literal["null", "empty"] | None = None

    def emptied_texts(self, column: str, borrowers: int) -> dict[str, int]:
        """The words for nothing in a column of this many borrowers' rows, in upper case, with their numbers of rows."""
        replacements = self.cells[column]
        texts = (replacements,) if isinstance(replacements, str) else replacements
        turns = {text: len(range(turn, borrowers, len(texts))) for turn, text in enumerate(texts)}
        return {text.upper(): count for text, count in turns.items() if text not in EMPTY and count}


Rows = Row | tuple[Row, ...]


def changed(**cells: Texts) -> Row:
    """An accepted row with some cells replaced."""
    return Row(cells)


def nulled(**cells: Texts) -> Row:
    """An accepted row with some cells replaced, which become null."""
    return Row(cells, become="null")


def quarantined(reason: str, **cells: Texts) -> Row:
    """A row that is quarantined, for some replaced cells or for what is in other rows."""
    return Row(cells, reason=reason)


PLAIN = Row()


@dataclass(frozen=True)
class Case:
    """One case, which `per_100_000` of the borrowers have.

    `borrower`, `loan`, `market` and `engagement` are the borrower's rows in the sources, none to two; a second row is
    at the end of the file. `fate` says what becomes of the borrower, or, with no_borrower, of the loan. `is_joint`: the
    borrower's second row is another person, who owes the same loan and gets no letter.
    """

    name: str
    per_100_000: int
    judged: Judged | tuple[Judged, ...]
    fate: Fate = "unified"
    borrower: Rows = PLAIN
    loan: Rows = PLAIN
    market: Rows = PLAIN
    engagement: Rows = PLAIN
    is_joint: bool = False

    @property
    def loans(self) -> tuple[Judged, ...]:
        """The borrower's good loans, first one first; a joint loan once for each borrower."""
        return self.judged if isinstance(self.judged, tuple) else (self.judged,)

    @property
    def is_ordinary(self) -> bool:
        """Whether nothing is defective, missing, joint or odd."""
        return all(self.rows_in(source) == (PLAIN,) for source in SOURCES)

    def accepted_in(self, source: str) -> int:
        """The number of the borrower's accepted rows in a source."""
        return sum(row.reason is None for row in self.rows_in(source))

    def rows_in(self, source: str) -> tuple[Row, ...]:
        """The borrower's rows in a source, in the order of the file."""
        by_source = {BORROWER: self.borrower, LOAN: self.loan, MARKET: self.market, ENGAGEMENT: self.engagement}
        rows = by_source[source]
        return rows if isinstance(rows, tuple) else (rows,)
