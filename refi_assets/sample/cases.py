"""The cases of a generated portfolio. Every borrower is one case, so the truth about any number is arithmetic."""

from collections.abc import Sequence
from itertools import accumulate

from refi_assets.sample.case_model import (
    EMPTY,
    NOT_UTF8,
    PLAIN,
    Case,
    Fate,
    Judged,
    Row,
    Rows,
    Texts,
    changed,
    nulled,
    quarantined,
)

IMMEDIATE = Judged("Immediate Action", True, (1251, 3000))
HOT = Judged("Hot Lead", True, (1000, 1250))
HOT_BELOW_ONE = Judged("Hot Lead", False, (751, 999), (3500, 9700))
WATCHLIST = Judged("Watchlist", False, (501, 750), (3500, 9700))
SMALL = Judged("Ineligible", False, (0, 500), (3500, 9700))
NEGATIVE = Judged("Ineligible", False, (-1000, -1), (3500, 9700))
IMMEDIATE_HIGH_LTV = Judged("Immediate Action", False, (1251, 3000), (8001, 9700))
HOT_HIGH_LTV = Judged("Hot Lead", False, (1000, 1250), (8001, 9700))
RATE_UNKNOWN = Judged("Ineligible", False, (1251, 3000))
NEVER = Judged("Immediate Action", False, (1251, 3000))  # whatever rate and LTV are
ONE_AND_THREE_QUARTERS = Judged("Immediate Action", True, (1750, 1750))

MALFORMED = Row(
    line=("{n},cut off", "{line},one more", '"x"{line}', f"{{line}}{NOT_UTF8}", "   ", 'a "nick" name{line}'),
    reason="malformed_row",
)
CONFLICTING = quarantined("conflicting_key")
NO_NUMBERS = ("7.9%", '"$1,200.00"', "1e3", "0x10", "1_000", "five", '"6,5"', "6.5.1")
OUT_OF_RANGE = ("0", "31", "30.0000001", "-1")
AGAIN = ("{cell}", " {cell}\u00a0", '"{cell}"', "\t{cell}")  # the same text once it is trimmed
SECOND_LOAN: dict[str, Texts] = {"loan_id": "L{n}-2"}
SECOND_HOME: dict[str, Texts] = {"property_id": "P{n}-2"}
WORDS_FOR_NOTHING = ("N/A", "NULL", "none", "#N/A", "-")
CO_BORROWER = changed(
    borrower_id="B{n}-2",
    first_name=("Ingeborg", "Tadeusz"),
    last_name="Quist-{n}",
    email="co{n}@mail.example",
    date_of_birth="",
    property_id="P{n}-2",
)


def _defect(
    name: str,
    fate: Fate = "unified",
    *,
    judged: Judged = IMMEDIATE,
    borrower: Rows = PLAIN,
    loan: Rows = PLAIN,
    market: Rows = PLAIN,
    engagement: Rows = PLAIN,
) -> Case:
    """A case with a defect; each has the same share."""
    return Case(name, 50, judged, fate, borrower, loan, market, engagement)


# Borrowers are dealt to the cases in this order. The ordinary cases come first: most borrowers have them.
CASES = (
    # Has every borrower that the shares below leave over.
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
        loan=changed(current_interest_rate=("6.1249999999999996", "4.0999999999999996", "5.3500000000000005")),
        market=changed(market_rate_offer=("5.125", "3.1000000000000001", "4.3499999999999996")),
    ),
    # Nobody is eligible if a number is missing.
    Case("LTV empty", 100, NEVER, market=changed(ltv_ratio=EMPTY)),
    Case("current rate empty", 100, RATE_UNKNOWN, loan=changed(current_interest_rate=EMPTY)),
    Case("offer empty", 100, RATE_UNKNOWN, market=changed(market_rate_offer=EMPTY)),
    # How borrowers, loans and homes are connected.
    Case(
        "two homes, the second loan has the larger spread",
        500,
        (HOT, ONE_AND_THREE_QUARTERS),
        loan=(PLAIN, changed(**SECOND_LOAN, **SECOND_HOME, current_interest_rate="7.250")),
        market=(PLAIN, changed(**SECOND_HOME, market_rate_offer="5.5")),
    ),
    Case(
        "two loans alike, saving unknown",
        200,
        (IMMEDIATE, IMMEDIATE),
        loan=(PLAIN, changed(**SECOND_LOAN)),
        market=changed(monthly_savings_est=""),
    ),
    Case(
        "home named once, by the loan or by the borrower",
        1_000,
        IMMEDIATE,
        loan=changed(property_id=("", "{cell}")),
        borrower=changed(property_id=("{cell}", "")),
    ),
    Case(
        "loan on a second home, an implausible offer for the first",
        100,
        HOT,
        loan=changed(**SECOND_HOME),
        market=(quarantined("implausible", market_rate_offer="30"), changed(**SECOND_HOME)),
    ),
    Case(
        "joint loan that names no home",
        500,
        (IMMEDIATE, IMMEDIATE),
        borrower=(PLAIN, CO_BORROWER),
        loan=(
            changed(property_id="", borrower_role=("primary", "")),
            changed(property_id="", borrower_role=("co", ""), borrower_id="B{n}-2"),
        ),
        engagement=(PLAIN, changed(borrower_id="B{n}-2")),
        is_joint=True,
    ),
    Case(
        "home named by a word for nothing",
        200,
        IMMEDIATE,
        loan=Row({"property_id": WORDS_FOR_NOTHING}, become="empty"),
    ),
    Case("no engagement known", 1_000, IMMEDIATE, engagement=()),
    Case(
        "no answer to text messages",
        200,
        HOT,
        engagement=Row({"sms_opt_in": (*EMPTY, *WORDS_FOR_NOTHING)}, become="empty"),
    ),
    # Which offer is taken, and which borrowers must get none.
    Case(
        "two products, the one of the lower rate costs more a month",
        500,
        IMMEDIATE,
        market=(
            changed(product="30Y fixed", term_months="360"),
            changed(product="15Y fixed", term_months="180", market_rate_offer="2.500", monthly_savings_est="-85.00"),
        ),
    ),
    Case(
        "an own offer, and a better one of a competitor",
        300,
        HOT,
        market=(
            changed(offered_by=("own", "Own", "OWN")),
            changed(offered_by="Rival Bank", market_rate_offer="2.500", monthly_savings_est="9000.00"),
        ),
    ),
    Case(
        "an offer of a competitor, or of an unknown lender",
        200,
        IMMEDIATE,
        "no_own_offer",
        market=changed(offered_by=("Rival Bank", "")),
    ),
    Case("nothing owed", 200, NEVER, loan=changed(remaining_balance=("0", "0.00"))),
    Case(
        "nothing owed, in words",
        50,
        NEVER,
        loan=nulled(remaining_balance=("Paid in Full", "PAID OFF", "closed", "-12.50")),
    ),
    Case(
        "paid off by its type or its status",
        200,
        NEVER,
        loan=changed(loan_type=("{cell}", "Closed"), loan_status=("Paid off", "{cell}")),
    ),
    Case("nothing saved a month", 200, NEVER, market=changed(monthly_savings_est=("-0.01", "-101.33"))),
    Case("not the first lien", 200, NEVER, loan=changed(lien_position=("2", "3"))),
    Case("no loan", 500, IMMEDIATE, "no_loan", loan=()),
    Case("no market row", 300, IMMEDIATE, "no_market_data", market=()),
    Case(
        "no market row for the home that the loan names", 100, IMMEDIATE, "no_market_data", loan=changed(**SECOND_HOME)
    ),
    Case("loan without a borrower", 200, IMMEDIATE, "no_borrower", borrower=()),
    # Odd, and harmless: these lose nothing.
    Case(
        "names that a spreadsheet or a database would execute",
        2_700,
        IMMEDIATE,
        borrower=changed(
            first_name=("=1+1", "+Ann", "-Ann", "@Ann", '"=HYPERLINK(""http://x.example"",""Ann"")"', "Ann"),
            last_name=("{cell}",) * 5 + ("Roberts'); DROP TABLE borrower_information;--",),
        ),
    ),
    Case(
        "quoted names",
        1_600,
        HOT,
        borrower=changed(last_name=('"{cell}, Jr."', '"{cell} ""Ace"""', '"{cell}\nOlsen"', '"{cell}\r\nOlsen"')),
    ),
    Case(
        "white space around cells, an empty line after a row",
        1_600,
        IMMEDIATE,
        borrower=Row({"borrower_id": (" {cell}", "{cell}\t", "\u00a0{cell}\u00a0", "\ufeff{cell} ")}, "{line}\n"),
        loan=changed(current_interest_rate=("\t{cell}", "{cell}  ", '" {cell} "')),
        market=Row({"property_id": ("{cell}\u00a0", " {cell}")}, "{line}\n"),
        engagement=changed(sms_opt_in=("{cell} ", "\u00a0{cell}")),
    ),
    Case(
        "other spellings of numbers and booleans",
        1_100,
        HOT,
        borrower=changed(credit_score=("720.0", "+720", "0720.")),
        loan=changed(remaining_term_months=("300.", "0300", "300.00")),
        market=changed(market_rate_offer=("+{cell}", "0{cell}", "{cell}000000000")),
        engagement=changed(paperless_billing=("TRUE", "No", "T"), sms_opt_in=("Y", "0", "fAlse")),
    ),
    # Defects of borrower_information. A borrower in quarantine leaves a loan without a borrower.
    _defect("borrower malformed", "no_borrower", borrower=MALFORMED),
    _defect("borrower_id empty", "no_borrower", borrower=quarantined("missing_key", borrower_id=EMPTY)),
    _defect(
        "borrower twice, with an invalid score",
        borrower=(
            nulled(credit_score="900"),
            quarantined("duplicate_row", credit_score="900", borrower_id=AGAIN),
        ),
    ),
    _defect(
        "borrower with two last names",
        "no_borrower",
        borrower=(CONFLICTING, quarantined("conflicting_key", last_name="{cell}-Olsen")),
    ),
    _defect("invalid credit score", borrower=nulled(credit_score=("720.5", "299", "8OO", "7e2", "good"))),
    # Defects of loan_information. A borrower whose only loan is in quarantine has no loan.
    _defect("loan malformed", "no_loan", loan=MALFORMED),
    _defect("loan_id empty", "no_loan", loan=quarantined("missing_key", loan_id=EMPTY)),
    _defect("loan without a borrower_id", "no_loan", loan=quarantined("missing_key", borrower_id=EMPTY)),
    _defect(
        "current rate that is not a number, beside a good loan",
        loan=(quarantined("not_a_number", current_interest_rate=NO_NUMBERS), changed(**SECOND_LOAN)),
    ),
    _defect(
        "current rate out of range, in a row whose null does not count",
        "no_loan",
        loan=quarantined("out_of_range", current_interest_rate=OUT_OF_RANGE, loan_amount="abc"),
    ),
    _defect("loan twice", judged=HOT, loan=(PLAIN, quarantined("duplicate_row", loan_id=AGAIN))),
    _defect(
        "loan at two rates",
        "no_loan",
        loan=(CONFLICTING, quarantined("conflicting_key", current_interest_rate="9.875")),
    ),
    _defect("invalid loan amount", judged=HOT, loan=nulled(loan_amount=("abc", "0", '"$250,000"', "-1"))),
    _defect(
        "invalid year, balance and term",
        judged=HOT,
        loan=nulled(
            origination_year=("2001.5", "MMXX", "1e3"),
            remaining_balance=("1_000", "all", "1e5"),
            remaining_term_months=("481", "0", "359.5"),
        ),
    ),
    # Defects of market_equity. A borrower whose home has no row left has no market data.
    _defect("market row malformed", "no_market_data", market=MALFORMED),
    _defect("property_id empty", "no_market_data", market=quarantined("missing_key", property_id=EMPTY)),
    _defect(
        "market row with a text for a number, sent again whole",
        judged=HOT,
        market=(
            quarantined(
                "not_a_number",
                market_rate_offer=("1e3", "{cell}", "{cell}"),
                ltv_ratio=("{cell}", "80%", "{cell}"),
                monthly_savings_est=("{cell}", "{cell}", '"$1,200.00"'),
            ),
            PLAIN,
        ),
    ),
    _defect(
        "offer or LTV out of range, sent again whole",
        market=(
            quarantined(
                "out_of_range",
                market_rate_offer=(*OUT_OF_RANGE, "{cell}", "{cell}"),
                ltv_ratio=("{cell}",) * 4 + ("-0.01", "1000.0000001"),
            ),
            PLAIN,
        ),
    ),
    _defect("market row twice", judged=HOT, market=(PLAIN, quarantined("duplicate_row", property_id=AGAIN))),
    _defect(
        "two offers for a home",
        "no_market_data",
        market=(CONFLICTING, quarantined("conflicting_key", market_rate_offer="2.999")),
    ),
    _defect(
        "invalid home value and equity",
        judged=HOT,
        market=nulled(current_home_value=("high", "4e5", "$1"), estimated_equity_amt=("?", "1_0", "0x1F")),
    ),
    # Defects of borrower_engagement. They cost knowledge of the borrower, not the offer.
    _defect("engagement malformed", engagement=MALFORMED),
    _defect("engagement without a borrower_id", engagement=quarantined("missing_key", borrower_id=EMPTY)),
    _defect(
        "flag that is not a boolean",
        engagement=quarantined("not_a_boolean", sms_opt_in=("maybe", "2", "on", "true?")),
    ),
    _defect("engagement twice", judged=HOT, engagement=(PLAIN, quarantined("duplicate_row", borrower_id=AGAIN))),
    _defect(
        "consent both given and refused",
        engagement=(quarantined("conflicting_key", sms_opt_in="1"), quarantined("conflicting_key", sms_opt_in="0")),
    ),
)


def cases_of(*, clean: bool) -> tuple[Case, ...]:
    """All cases, or the ordinary ones only."""
    return tuple(case for case in CASES if case.is_ordinary) if clean else CASES


def borrowers_by_case(rows: int, cases: Sequence[Case] = CASES) -> list[tuple[Case, range]]:
    """Each case with the ranks of its borrowers: at least one, and the case's share of the rest.

    Ranks are 0 to rows - 1, in the order of the cases; rows is at least the number of cases.
    """
    sizes = [1 + (rows - len(cases)) * case.per_100_000 // 100_000 for case in cases]
    sizes[0] += rows - sum(sizes)
    ends = accumulate(sizes)
    return [(case, range(end - size, end)) for case, size, end in zip(cases, sizes, ends, strict=True)]
