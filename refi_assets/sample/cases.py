"""The cases of a generated portfolio: what befalls a borrower's rows in the source files, and what must come of it.

Every borrower is one case. The table says what a case changes and what that means for the counts of a run, so
that the truth about any number of borrowers is arithmetic. How rows are written, and the truth added up, belongs
to generate.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

BORROWER, LOAN = "borrower_information", "loan_information"
MARKET, ENGAGEMENT = "market_equity", "borrower_engagement"
SOURCES = (ENGAGEMENT, BORROWER, LOAN, MARKET)

# Stands for one byte that is not UTF-8; the control character SUBSTITUTE was made for that.
NOT_UTF8 = "\x1a"

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
    """One row of a source. Where a text is a tuple, the borrowers of the case take its texts in turn.

    `cells` replaces cells, by column; `line` replaces the whole line. {cell} and {line} stand for what is
    replaced, {n} for the borrower's number. `reason` says why the row is quarantined (None: it is accepted);
    `nulled` names the columns whose cell becomes null, `emptied` those whose texts are words for nothing (or EMPTY),
    which counts in accepted rows only.
    """

    cells: Mapping[str, Texts] = field(default_factory=dict)
    line: Texts = "{line}"
    reason: str | None = None
    nulled: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()

    def words_of(self, column: str, borrowers: int) -> dict[str, int]:
        """Of a column that reads as empty: the words in so many borrowers' rows, in upper case."""
        replaced = self.cells[column]
        texts = (replaced,) if isinstance(replaced, str) else replaced
        turns = {text: len(range(turn, borrowers, len(texts))) for turn, text in enumerate(texts)}
        return {text.upper(): count for text, count in turns.items() if text not in EMPTY and count}


@dataclass(frozen=True)
class Case:
    """What befalls one borrower in `per_100_000`.

    `rows` holds the borrower's rows (none to two) in the sources where it is not one plain row; a second row
    stands at the end of the file. `fate` says what becomes of the borrower, or, with no_borrower, of the loan.
    `is_joint`: the second row of the borrower is another person, who owes the same loan and gets no letter.
    """

    name: str
    per_100_000: int
    judged: Judged | tuple[Judged, ...]
    rows: Mapping[str, Row | tuple[Row, ...]] = field(default_factory=dict)
    fate: Fate = "unified"
    is_joint: bool = False

    @property
    def loans(self) -> tuple[Judged, ...]:
        """The borrower's good loans, first one first; a joint loan once for each borrower."""
        return self.judged if isinstance(self.judged, tuple) else (self.judged,)

    def accepted_in(self, source: str) -> int:
        """How many of the borrower's rows in a source are accepted."""
        return sum(row.reason is None for row in self.rows_in(source))

    def rows_in(self, source: str) -> tuple[Row, ...]:
        """The borrower's rows in a source, in the order of the file."""
        rows = self.rows.get(source, Row())
        return rows if isinstance(rows, tuple) else (rows,)


IMMEDIATE = Judged("Immediate Action", True, (1251, 3000))
HOT = Judged("Hot Lead", True, (1000, 1250))
HOT_BELOW_ONE = Judged("Hot Lead", False, (751, 999), (3500, 9700))
WATCHLIST = Judged("Watchlist", False, (501, 750), (3500, 9700))
SMALL = Judged("Ineligible", False, (0, 500), (3500, 9700))
NEGATIVE = Judged("Ineligible", False, (-1000, -1), (3500, 9700))
IMMEDIATE_HIGH_LTV = Judged("Immediate Action", False, (1251, 3000), (8001, 9700))
HOT_HIGH_LTV = Judged("Hot Lead", False, (1000, 1250), (8001, 9700))
RATE_UNKNOWN = Judged("Ineligible", False, (1251, 3000))
NEVER = Judged("Immediate Action", False, (1251, 3000))  # whatever rate and LTV say
ONE_AND_THREE_QUARTERS = Judged("Immediate Action", True, (1750, 1750))

MALFORMED = Row(
    line=("{n},cut off", "{line},one more", '"x"{line}', f"{{line}}{NOT_UTF8}", "   ", 'a "nick" name{line}'),
    reason="malformed_row",
)
EMPTY = ("", "   ", "\u00a0\t", '""')
NO_NUMBERS = ("7.9%", '"$1,200.00"', "1e3", "0x10", "1_000", "five", '"6,5"', "6.5.1")
OUT_OF_RANGE = ("0", "31", "30.0000001", "-1")
AGAIN = ("{cell}", " {cell}\u00a0", '"{cell}"', "\t{cell}")  # the same text, to whoever trims it
SECOND_LOAN = {"loan_id": "L{n}-2"}
WORDS_FOR_NOTHING = ("N/A", "NULL", "none", "#N/A", "-")
CO_BORROWER: Mapping[str, Texts] = {
    "borrower_id": "B{n}-2",
    "first_name": ("Ingeborg", "Tadeusz"),
    "last_name": "Quist-{n}",
    "email": "co{n}@mail.example",
    "date_of_birth": "",
    "property_id": "P{n}-2",
}

# Ranks of borrowers are dealt in this order; what most borrowers are stands first.
CASES = (
    # Takes every borrower that the shares below leave over.
    Case("spread at most half a point", 0, SMALL),
    Case("watchlist", 18_000, WATCHLIST),
    Case("offer above the current rate", 14_000, NEGATIVE),
    Case("hot, but below one point", 12_000, HOT_BELOW_ONE),
    Case("immediate", 9_000, IMMEDIATE),
    Case("hot", 8_000, HOT),
    Case("immediate, too little equity", 5_000, IMMEDIATE_HIGH_LTV),
    Case("hot, too little equity", 3_000, HOT_HIGH_LTV),
    # Exactly on a bound, or next to it.
    Case("spread 1.250", 300, Judged("Hot Lead", True, (1250, 1250))),
    Case("spread 1.000", 300, Judged("Hot Lead", True, (1000, 1000))),
    Case("spread 0.999", 300, Judged("Hot Lead", False, (999, 999))),
    Case("spread 0.750", 300, Judged("Watchlist", False, (750, 750))),
    Case("spread 0.500", 300, Judged("Ineligible", False, (500, 500))),
    Case("spread 1.251, LTV 80.00", 300, Judged("Immediate Action", True, (1251, 1251), (8000, 8000))),
    Case("spread 1.251, LTV 80.01", 300, Judged("Immediate Action", False, (1251, 1251), (8001, 8001))),
    Case(
        "rates exported from floating point, spread 1.000",
        500,
        Judged("Hot Lead", True, (1000, 1000)),
        {
            LOAN: Row({"current_interest_rate": ("6.1249999999999996", "4.0999999999999996", "5.3500000000000005")}),
            MARKET: Row({"market_rate_offer": ("5.125", "3.1000000000000001", "4.3499999999999996")}),
        },
    ),
    # Nobody is eligible on a number that is not there.
    Case("LTV empty", 100, Judged("Immediate Action", False, (1251, 3000)), {MARKET: Row({"ltv_ratio": EMPTY})}),
    Case("current rate empty", 100, RATE_UNKNOWN, {LOAN: Row({"current_interest_rate": EMPTY})}),
    Case("offer empty", 100, RATE_UNKNOWN, {MARKET: Row({"market_rate_offer": EMPTY})}),
    # How borrowers, loans and homes hang together.
    Case(
        "two homes, the second loan has the larger spread",
        500,
        (HOT, ONE_AND_THREE_QUARTERS),
        {
            LOAN: (Row(), Row(SECOND_LOAN | {"property_id": "P{n}-2", "current_interest_rate": "7.250"})),
            MARKET: (Row(), Row({"property_id": "P{n}-2", "market_rate_offer": "5.5"})),
        },
    ),
    Case(
        "two loans alike, saving unknown",
        200,
        (IMMEDIATE, IMMEDIATE),
        {LOAN: (Row(), Row(SECOND_LOAN)), MARKET: Row({"monthly_savings_est": ""})},
    ),
    Case(
        "home named once, by the loan or by the borrower",
        1_000,
        IMMEDIATE,
        {LOAN: Row({"property_id": ("", "{cell}")}), BORROWER: Row({"property_id": ("{cell}", "")})},
    ),
    Case(
        "loan on a second home, an implausible offer for the first",
        100,
        HOT,
        {
            LOAN: Row({"property_id": "P{n}-2"}),
            MARKET: (Row({"market_rate_offer": "30"}, reason="implausible"), Row({"property_id": "P{n}-2"})),
        },
    ),
    Case(
        "joint loan that names no home",
        500,
        (IMMEDIATE, IMMEDIATE),
        {
            BORROWER: (Row(), Row(CO_BORROWER)),
            LOAN: (
                Row({"property_id": "", "borrower_role": ("primary", "")}),
                Row({"property_id": "", "borrower_role": ("co", ""), "borrower_id": "B{n}-2"}),
            ),
            ENGAGEMENT: (Row(), Row({"borrower_id": "B{n}-2"})),
        },
        is_joint=True,
    ),
    Case(
        "home named by a word for nothing",
        200,
        IMMEDIATE,
        {LOAN: Row({"property_id": WORDS_FOR_NOTHING}, emptied=("property_id",))},
    ),
    Case("no engagement known", 1_000, IMMEDIATE, {ENGAGEMENT: ()}),
    Case(
        "no answer to text messages",
        200,
        HOT,
        {ENGAGEMENT: Row({"sms_opt_in": (*EMPTY, *WORDS_FOR_NOTHING)}, emptied=("sms_opt_in",))},
    ),
    # Which offer is taken, and what nobody should get.
    Case(
        "two products, the one of the lower rate costs more a month",
        500,
        IMMEDIATE,
        {
            MARKET: (
                Row({"product": "30Y fixed", "term_months": "360"}),
                Row(
                    {
                        "product": "15Y fixed",
                        "term_months": "180",
                        "market_rate_offer": "2.500",
                        "monthly_savings_est": "-85.00",
                    }
                ),
            )
        },
    ),
    Case(
        "an own offer, and a better one of a competitor",
        300,
        HOT,
        {
            MARKET: (
                Row({"offered_by": ("own", "Own", "OWN")}),
                Row({"offered_by": "Rival Bank", "market_rate_offer": "2.500", "monthly_savings_est": "9000.00"}),
            )
        },
    ),
    Case(
        "an offer of a competitor, or of nobody known",
        200,
        IMMEDIATE,
        {MARKET: Row({"offered_by": ("Rival Bank", "")})},
        "no_own_offer",
    ),
    Case("nothing owed any more", 200, NEVER, {LOAN: Row({"remaining_balance": ("0", "0.00")})}),
    Case(
        "nothing owed any more, in words",
        50,
        NEVER,
        {
            LOAN: Row(
                {"remaining_balance": ("Paid in Full", "PAID OFF", "closed", "-12.50")}, nulled=("remaining_balance",)
            )
        },
    ),
    Case(
        "paid off by its type or its status",
        200,
        NEVER,
        {LOAN: Row({"loan_type": ("{cell}", "Closed"), "loan_status": ("Paid off", "{cell}")})},
    ),
    Case("nothing saved a month", 200, NEVER, {MARKET: Row({"monthly_savings_est": ("-0.01", "-101.33")})}),
    Case("not the first lien", 200, NEVER, {LOAN: Row({"lien_position": ("2", "3")})}),
    Case("no loan", 500, IMMEDIATE, {LOAN: ()}, "no_loan"),
    Case("no market row", 300, IMMEDIATE, {MARKET: ()}, "no_market_data"),
    Case(
        "no market row for the home that the loan names",
        100,
        IMMEDIATE,
        {LOAN: Row({"property_id": "P{n}-2"})},
        "no_market_data",
    ),
    Case("loan without a borrower", 200, IMMEDIATE, {BORROWER: ()}, "no_borrower"),
    # Odd, and harmless: these lose nothing.
    Case(
        "names that a spreadsheet or a database would run",
        2_700,
        IMMEDIATE,
        {
            BORROWER: Row(
                {
                    "first_name": ("=1+1", "+Ann", "-Ann", "@Ann", '"=HYPERLINK(""http://x.example"",""Ann"")"', "Ann"),
                    "last_name": ("{cell}",) * 5 + ("Roberts'); DROP TABLE borrower_information;--",),
                }
            )
        },
    ),
    Case(
        "quoted names",
        1_600,
        HOT,
        {BORROWER: Row({"last_name": ('"{cell}, Jr."', '"{cell} ""Ace"""', '"{cell}\nOlsen"', '"{cell}\r\nOlsen"')})},
    ),
    Case(
        "white space around cells, an empty line after a row",
        1_600,
        IMMEDIATE,
        {
            BORROWER: Row({"borrower_id": (" {cell}", "{cell}\t", "\u00a0{cell}\u00a0", "\ufeff{cell} ")}, "{line}\n"),
            LOAN: Row({"current_interest_rate": ("\t{cell}", "{cell}  ", '" {cell} "')}),
            MARKET: Row({"property_id": ("{cell}\u00a0", " {cell}")}, "{line}\n"),
            ENGAGEMENT: Row({"sms_opt_in": ("{cell} ", "\u00a0{cell}")}),
        },
    ),
    Case(
        "other spellings of numbers and booleans",
        1_100,
        HOT,
        {
            BORROWER: Row({"credit_score": ("720.0", "+720", "0720.")}),
            LOAN: Row({"remaining_term_months": ("300.", "0300", "300.00")}),
            MARKET: Row({"market_rate_offer": ("+{cell}", "0{cell}", "{cell}000000000")}),
            ENGAGEMENT: Row({"paperless_billing": ("TRUE", "No", "T"), "sms_opt_in": ("Y", "0", "fAlse")}),
        },
    ),
    # Defects of borrower_information. A borrower in quarantine leaves a loan without a borrower.
    Case("borrower malformed", 50, IMMEDIATE, {BORROWER: MALFORMED}, "no_borrower"),
    Case(
        "borrower_id empty", 50, IMMEDIATE, {BORROWER: Row({"borrower_id": EMPTY}, reason="missing_key")}, "no_borrower"
    ),
    Case(
        "borrower twice, with a score that is none",
        50,
        IMMEDIATE,
        {
            BORROWER: (
                Row({"credit_score": "900"}, nulled=("credit_score",)),
                Row({"credit_score": "900", "borrower_id": AGAIN}, reason="duplicate_row"),
            )
        },
    ),
    Case(
        "borrower with two last names",
        50,
        IMMEDIATE,
        {BORROWER: (Row(reason="conflicting_key"), Row({"last_name": "{cell}-Olsen"}, reason="conflicting_key"))},
        "no_borrower",
    ),
    Case(
        "credit score that is none",
        50,
        IMMEDIATE,
        {BORROWER: Row({"credit_score": ("720.5", "299", "8OO", "7e2", "good")}, nulled=("credit_score",))},
    ),
    # Defects of loan_information. A borrower whose only loan is in quarantine has no loan.
    Case("loan malformed", 50, IMMEDIATE, {LOAN: MALFORMED}, "no_loan"),
    Case("loan_id empty", 50, IMMEDIATE, {LOAN: Row({"loan_id": EMPTY}, reason="missing_key")}, "no_loan"),
    Case("loan of nobody", 50, IMMEDIATE, {LOAN: Row({"borrower_id": EMPTY}, reason="missing_key")}, "no_loan"),
    Case(
        "current rate that is no number, beside a good loan",
        50,
        IMMEDIATE,
        {LOAN: (Row({"current_interest_rate": NO_NUMBERS}, reason="not_a_number"), Row(SECOND_LOAN))},
    ),
    Case(
        "current rate out of range, in a row whose null does not count",
        50,
        IMMEDIATE,
        {LOAN: Row({"current_interest_rate": OUT_OF_RANGE, "loan_amount": "abc"}, reason="out_of_range")},
        "no_loan",
    ),
    Case("loan twice", 50, HOT, {LOAN: (Row(), Row({"loan_id": AGAIN}, reason="duplicate_row"))}),
    Case(
        "loan at two rates",
        50,
        IMMEDIATE,
        {LOAN: (Row(reason="conflicting_key"), Row({"current_interest_rate": "9.875"}, reason="conflicting_key"))},
        "no_loan",
    ),
    Case(
        "loan amount that is none",
        50,
        HOT,
        {LOAN: Row({"loan_amount": ("abc", "0", '"$250,000"', "-1")}, nulled=("loan_amount",))},
    ),
    Case(
        "year, balance and term that are none",
        50,
        HOT,
        {
            LOAN: Row(
                {
                    "origination_year": ("2001.5", "MMXX", "1e3"),
                    "remaining_balance": ("1_000", "all", "1e5"),
                    "remaining_term_months": ("481", "0", "359.5"),
                },
                nulled=("origination_year", "remaining_balance", "remaining_term_months"),
            )
        },
    ),
    # Defects of market_equity. A borrower whose home has no row left has no market data.
    Case("market row malformed", 50, IMMEDIATE, {MARKET: MALFORMED}, "no_market_data"),
    Case(
        "property_id empty",
        50,
        IMMEDIATE,
        {MARKET: Row({"property_id": EMPTY}, reason="missing_key")},
        "no_market_data",
    ),
    Case(
        "market row with a text for a number, sent again whole",
        50,
        HOT,
        {
            MARKET: (
                Row(
                    {
                        "market_rate_offer": ("1e3", "{cell}", "{cell}"),
                        "ltv_ratio": ("{cell}", "80%", "{cell}"),
                        "monthly_savings_est": ("{cell}", "{cell}", '"$1,200.00"'),
                    },
                    reason="not_a_number",
                ),
                Row(),
            )
        },
    ),
    Case(
        "offer or LTV out of range, sent again whole",
        50,
        IMMEDIATE,
        {
            MARKET: (
                Row(
                    {
                        "market_rate_offer": (*OUT_OF_RANGE, "{cell}", "{cell}"),
                        "ltv_ratio": ("{cell}",) * 4 + ("-0.01", "1000.0000001"),
                    },
                    reason="out_of_range",
                ),
                Row(),
            )
        },
    ),
    Case("market row twice", 50, HOT, {MARKET: (Row(), Row({"property_id": AGAIN}, reason="duplicate_row"))}),
    Case(
        "two offers for a home",
        50,
        IMMEDIATE,
        {MARKET: (Row(reason="conflicting_key"), Row({"market_rate_offer": "2.999"}, reason="conflicting_key"))},
        "no_market_data",
    ),
    Case(
        "home value and equity that are none",
        50,
        HOT,
        {
            MARKET: Row(
                {"current_home_value": ("high", "4e5", "$1"), "estimated_equity_amt": ("?", "1_0", "0x1F")},
                nulled=("current_home_value", "estimated_equity_amt"),
            )
        },
    ),
    # Defects of borrower_engagement. They cost what is known of the borrower, not the offer.
    Case("engagement malformed", 50, IMMEDIATE, {ENGAGEMENT: MALFORMED}),
    Case("engagement of nobody", 50, IMMEDIATE, {ENGAGEMENT: Row({"borrower_id": EMPTY}, reason="missing_key")}),
    Case(
        "flag that is no boolean",
        50,
        IMMEDIATE,
        {ENGAGEMENT: Row({"sms_opt_in": ("maybe", "2", "on", "true?")}, reason="not_a_boolean")},
    ),
    Case("engagement twice", 50, HOT, {ENGAGEMENT: (Row(), Row({"borrower_id": AGAIN}, reason="duplicate_row"))}),
    Case(
        "consent both given and not",
        50,
        IMMEDIATE,
        {
            ENGAGEMENT: (
                Row({"sms_opt_in": "1"}, reason="conflicting_key"),
                Row({"sms_opt_in": "0"}, reason="conflicting_key"),
            )
        },
    ),
)

# Nothing defective, missing, joint or odd.
CLEAN_CASES = tuple(case for case in CASES if not case.rows and case.fate == "unified")


def borrowers_by_case(rows: int, cases: Sequence[Case] = CASES) -> list[tuple[Case, range]]:
    """Each case with the ranks of its borrowers: at least one each, and the shares of what is left.

    Ranks 0 to rows - 1, in the order of the cases; rows is at least the number of cases.
    """
    sizes = [1 + (rows - len(cases)) * case.per_100_000 // 100_000 for case in cases]
    sizes[0] += rows - sum(sizes)
    ends = accumulate(sizes)
    return [(case, range(end - size, end)) for case, size, end in zip(cases, sizes, ends, strict=True)]
