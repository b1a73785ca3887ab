"""Judging single cells: numbers, ranges, rounding, booleans and white space, each against a written-down answer."""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refi_assets.ingestion.files import MACROS, FileColumn
from refi_assets.specs.contracts import load_contracts
from refi_assets.staging.judge import judged_rows_sql
from tests.support.sources import GOOD_ROW, Sources

# What becomes of a cell: its value, or the reason for which it is bad.
Outcome = Decimal | int | bool | str | None


@pytest.fixture(scope="module")
def judge() -> "Judge":
    return Judge()


class Judge:
    """Judges the cells of one column, each in a row that is good otherwise. Cells go in as they are, without CSV."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(MACROS)

    def outcomes(self, source: str, column: str, texts: list[str]) -> list[Outcome]:
        """Per text: the value; or the reason, where the row is quarantined; or 'nulled', where the cell is."""
        good = {name: cell for name, cell in GOOD_ROW[source].items() if name != column}
        names = [*good, column]
        columns = [FileColumn(name, f"c{number}") for number, name in enumerate(names)]
        cells = ", ".join(f"'{good[name]}' AS c{number}" for number, name in enumerate(good))
        found: list[Outcome] = []
        self.connection.execute("CREATE OR REPLACE TEMP TABLE cells (n INTEGER, text VARCHAR)")
        self.connection.executemany("INSERT INTO cells VALUES (?, ?)", list(enumerate(texts)))
        sql = judged_rows_sql(
            load_contracts()[source], columns, f"(SELECT {cells}, text AS c{len(good)} FROM cells ORDER BY n)"
        )
        for value, fault, nulled in self.connection.execute(f"SELECT {column}, fault, nulled FROM ({sql})").fetchall():
            assert fault is None or fault.endswith(f" {column}")
            assert nulled in (None, column)
            found.append(fault.split(" ")[0] if fault else "nulled" if nulled else value)
        return found

    def outcome(self, source: str, column: str, text: str) -> Outcome:
        return self.outcomes(source, column, [text])[0]


MONEY = ("market_equity", "monthly_savings_est")  # DECIMAL(18, 2), required, no range
RATE = ("market_equity", "market_rate_offer")  # DECIMAL(9, 6), required, 0 < r <= 30
LTV = ("market_equity", "ltv_ratio")  # DECIMAL(10, 6), required, 0..1000
SCORE = ("borrower_information", "credit_score")  # INTEGER, optional, 300..850
TERM = ("loan_information", "remaining_term_months")  # INTEGER, optional, 1..480
YEAR = ("loan_information", "origination_year")  # INTEGER, optional, no range
BALANCE = ("loan_information", "remaining_balance")  # DECIMAL(18, 2), optional, >= 0
AMOUNT = ("loan_information", "loan_amount")  # DECIMAL(18, 2), optional, > 0


def test_the_contracts_are_those_that_these_tests_were_written_for() -> None:
    types = {
        (source, column.name): (column.sql_type, column.present)
        for source, contract in load_contracts().items()
        for column in contract.columns
    }
    assert [types[one] for one in (MONEY, RATE, LTV, SCORE, TERM, YEAR, BALANCE, AMOUNT)] == [
        ("DECIMAL(18,2)", True),
        ("DECIMAL(9,6)", True),
        ("DECIMAL(10,6)", True),
        ("INTEGER", False),
        ("INTEGER", False),
        ("INTEGER", False),
        ("DECIMAL(18,2)", False),
        ("DECIMAL(18,2)", False),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("5.", "5"),
        (".5", "0.5"),
        ("5.25", "5.25"),
        ("+5", "5"),
        ("+.5", "0.5"),
        ("-5", "-5"),
        ("-.5", "-0.5"),
        ("-5.", "-5"),
        ("0", "0"),
        ("-0", "0"),
        ("00005", "5"),
        ("0" * 40 + "5.5", "5.5"),
        ("5." + "0" * 300, "5"),
        ("1200.00", "1200"),
    ],
)
def test_a_number_is_an_optional_sign_digits_and_at_most_one_point(judge: Judge, text: str, value: str) -> None:
    assert judge.outcome(*MONEY, text) == Decimal(value)


NOT_NUMBERS = [
    *("1e3", "1E3", "1e-3", "1_000", "0x10", "0b1", "1,200", "1.200,50", "1 200", "1'200", "1.2.3", "1..2"),
    *("NaN", "nan", "inf", "-inf", "Infinity", "null", "NULL", "None", "N/A", "-", "+", ".", "+.", "-.", "--5", "+-5"),
    *("5-", "- 5", "(5)", "7.9%", "$5", "5 USD", "5f", "5d", "five", "true", "½", "²", "∞", "1/2", "'5", "=5", "5;"),
    # an Arabic digit, full-width digits, a minus sign that is no hyphen; white space that is not trimmed
    *("٣", "\uff11", "\uff15.\uff15", "\u22125", "5\u200b", "5\x00", "5\n6", "\u20035"),
]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_anything_else_is_not_a_number(judge: Judge, text: str) -> None:
    assert judge.outcome(*MONEY, text) == "not_a_number"
    assert judge.outcome(*BALANCE, text) == "nulled"
    assert judge.outcome(*YEAR, text) == "nulled"


@pytest.mark.parametrize("column", [MONEY, RATE, LTV, SCORE, TERM, YEAR, BALANCE])
def test_an_empty_cell_is_null_and_no_error(judge: Judge, column: tuple[str, str]) -> None:
    assert judge.outcomes(*column, ["", " ", "\t\r\n", "\u00a0\ufeff"]) == [None] * 4


@pytest.mark.parametrize(
    ("column", "text", "outcome"),
    [
        (SCORE, "720", 720),
        (SCORE, "720.0", 720),
        (SCORE, "720.", 720),
        (SCORE, "+720.000000000000000000000000000000000000000", 720),
        (SCORE, "720.5", "nulled"),
        (SCORE, "720.0000000000000000000000000000000000000001", "nulled"),
        (SCORE, "719.9999999999999999999999999999999999999999", "nulled"),
        (SCORE, "7.2e2", "nulled"),
        (SCORE, "300", 300),
        (SCORE, "850", 850),
        (SCORE, "299", "nulled"),
        (SCORE, "851", "nulled"),
        (SCORE, "299.9999999", "nulled"),
        (SCORE, "850.0000001", "nulled"),
        (SCORE, "-720", "nulled"),
        (SCORE, "9" * 25, "nulled"),
        (SCORE, "0" * 25 + "720", 720),
        (TERM, "1", 1),
        (TERM, "480", 480),
        (TERM, "0", "nulled"),
        (TERM, "-1", "nulled"),
        (TERM, "481", "nulled"),
        (YEAR, "2006", 2006),
        (YEAR, "-0.0", 0),
        (YEAR, "2147483647", 2147483647),
        (YEAR, "-2147483648", -2147483648),
        (YEAR, "2147483648", "nulled"),
        (YEAR, "-2147483649", "nulled"),
        (YEAR, "9" * 25, "nulled"),
    ],
)
def test_an_integer_column_takes_whole_numbers_in_its_range(
    judge: Judge, column: tuple[str, str], text: str, outcome: Outcome
) -> None:
    assert judge.outcome(*column, text) == outcome


def test_a_fraction_in_an_integer_column_is_not_a_number_even_where_it_is_out_of_range() -> None:
    """Integer columns are all optional, so that their reason is seen in the SQL of a contract that requires one."""
    contract = load_contracts()["borrower_information"]
    columns = tuple(replace(column, present=True) for column in contract.columns if column.name == "credit_score")
    key = contract.key({"borrower_id"})
    required = replace(contract, columns=(key, *columns))
    source = "(VALUES ('B1', '720.5'), ('B2', '900.5'), ('B3', '900'), ('B4', '720.0')) AS cells (c0, c1)"
    sql = judged_rows_sql(required, [FileColumn("borrower_id", "c0"), FileColumn("credit_score", "c1")], source)
    with duckdb.connect() as connection:
        connection.execute(MACROS)
        assert connection.execute(f"SELECT fault FROM ({sql})").fetchall() == [
            ("not_a_number credit_score",),
            ("not_a_number credit_score",),
            ("out_of_range credit_score",),
            (None,),
        ]


@pytest.mark.parametrize(
    ("column", "text", "outcome"),
    [
        (RATE, "30", Decimal(30)),
        (RATE, "30.000000000000000000000000000", Decimal(30)),
        (RATE, "+30.", Decimal(30)),
        (RATE, "29.9999999", Decimal(30)),
        (RATE, "30.0000001", "out_of_range"),
        (RATE, "30.00000000000000000000001", "out_of_range"),
        (RATE, "0" * 30 + "30", Decimal(30)),
        (RATE, "0" * 30 + "30.0000001", "out_of_range"),
        (RATE, "0", "out_of_range"),
        (RATE, "0.000", "out_of_range"),
        (RATE, "-0.0", "out_of_range"),
        (RATE, ".0", "out_of_range"),
        (RATE, "0.0000000000000001", Decimal(0)),  # more than nothing, and rounded only afterwards
        (RATE, "." + "0" * 60 + "1", Decimal(0)),
        (RATE, "-0.0000000000000001", "out_of_range"),
        (RATE, "0.0000005", Decimal("0.000001")),
        (RATE, "-6.5", "out_of_range"),
        (RATE, "1234567890123456789012345", "out_of_range"),
        (RATE, "-1234567890123456789012345", "out_of_range"),
        (LTV, "0", Decimal(0)),
        (LTV, "-0.0", Decimal(0)),
        (LTV, "-0.0000000", Decimal(0)),
        (LTV, "-0.00000000000001", "out_of_range"),
        (LTV, "1000", Decimal(1000)),
        (LTV, "1000.00000000001", "out_of_range"),
        (LTV, "999.9999999", Decimal(1000)),
        (LTV, "1000.000001", "out_of_range"),
        (LTV, "9" * 13, "out_of_range"),
        (LTV, "-" + "9" * 13, "out_of_range"),
        (BALANCE, "0", Decimal(0)),
        (BALANCE, "-0.001", "nulled"),
        (BALANCE, "-0.00000001", "nulled"),
        (BALANCE, "999999999999.99", Decimal("999999999999.99")),
        (BALANCE, "9999999999999.99", Decimal("9999999999999.99")),  # more whole digits than a bound may have
        (BALANCE, "1234567890123456789012345", "nulled"),
        (AMOUNT, "0", "nulled"),
        (AMOUNT, "0.00000001", Decimal(0)),
        (AMOUNT, "0.01", Decimal("0.01")),
    ],
)
def test_ranges_are_judged_on_the_exact_text(
    judge: Judge, column: tuple[str, str], text: str, outcome: Outcome
) -> None:
    assert judge.outcome(*column, text) == outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("9999999999999999.99", Decimal("9999999999999999.99")),
        ("-9999999999999999.99", Decimal("-9999999999999999.99")),
        ("9999999999999999.994999", Decimal("9999999999999999.99")),
        ("9999999999999999.995", "out_of_range"),
        ("-9999999999999999.995", "out_of_range"),
        ("10000000000000000", "out_of_range"),
        ("100000000000000000", "out_of_range"),
        ("-100000000000000000.00", "out_of_range"),
        ("1" * 60, "out_of_range"),
        ("0" * 60 + "1", Decimal(1)),
    ],
)
def test_a_number_that_its_column_cannot_hold_is_out_of_range(judge: Judge, text: str, outcome: Outcome) -> None:
    assert judge.outcome(*MONEY, text) == outcome


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (RATE, "6.1249999999999996", "6.125000"),  # 6.125 as a program with floating point writes it
        (RATE, "6.125", "6.125000"),
        (RATE, "5.1234565", "5.123457"),
        (RATE, "5.1234564999999999999999999999999999999", "5.123456"),
        (RATE, "0.30000000000000004", "0.300000"),
        (LTV, "79.9999995", "80.000000"),
        (LTV, "79.99999949999", "79.999999"),
        (MONEY, "0.005", "0.01"),
        (MONEY, "0.00499999999999999999999999999999999999", "0.00"),
        (MONEY, "-0.005", "-0.01"),
        (MONEY, "-0.004", "0.00"),
        (MONEY, "2.675", "2.68"),  # 2.67 where it has been a double in between
        (MONEY, "1.005", "1.01"),
        (MONEY, "-1.005", "-1.01"),
        (MONEY, "-120.125", "-120.13"),
        (MONEY, "120.115", "120.12"),
        (MONEY, "999.995", "1000.00"),
    ],
)
def test_rounding_is_half_away_from_zero(judge: Judge, column: tuple[str, str], text: str, value: str) -> None:
    found = judge.outcome(*column, text)
    assert isinstance(found, Decimal)
    assert str(found) == value


DIGITS = st.text("0123456789", max_size=24)
TIES = st.sampled_from(["5", "50", "5000000000001", "4999999999999999", "49", "45", "0", ""])


@st.composite
def number_texts(draw: st.DrawFn) -> str:
    """Texts of numbers, many of them a tie, or next to one, at two or six decimals."""
    whole = draw(st.one_of(st.text("0123456789", max_size=14), st.sampled_from(["0", "29", "30", "999", "1000"])))
    decimals = draw(DIGITS)
    if draw(st.booleans()):
        decimals = draw(st.text("01459", min_size=2, max_size=2)) + draw(TIES)
    elif draw(st.booleans()):
        decimals = draw(st.text("0459", min_size=6, max_size=6)) + draw(TIES)
    text = f"{whole}.{decimals}" if decimals or draw(st.booleans()) else whole
    return draw(st.sampled_from(["", "", "-", "+"])) + (text if text.strip(".") else "0" + text)


# column: (scale, is the exact value in range?)
RULES: dict[tuple[str, str], tuple[int, Callable[[Decimal], bool]]] = {
    MONEY: (2, lambda value: True),
    RATE: (6, lambda value: 0 < value <= 30),
    LTV: (6, lambda value: 0 <= value <= 1000),
    BALANCE: (2, lambda value: value >= 0),
    AMOUNT: (2, lambda value: value > 0),
}


def expected_number(column: tuple[str, str], text: str) -> Outcome:
    """What Python's decimal module says a number's text must become."""
    scale, in_range = RULES[column]
    exact = Decimal(text)
    rounded = exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if in_range(exact) and abs(rounded) < Decimal(10) ** 16:
        return rounded
    return "nulled" if column in (BALANCE, AMOUNT) else "out_of_range"


@settings(max_examples=30)
@given(st.lists(number_texts(), min_size=64, max_size=64))
@example(["30.0000000000000000001", "-0.005", "0." + "0" * 40 + "1", "1000.", ".5", "6.1249999999999996"])
def test_any_number_is_judged_and_rounded_as_pythons_decimal_does(judge: Judge, texts: list[str]) -> None:
    for column in RULES:
        found = dict(zip(texts, judge.outcomes(*column, texts), strict=True))
        assert found == {text: expected_number(column, text) for text in texts}


@settings(max_examples=30)
@given(st.lists(st.text(st.sampled_from("05.+-eE_x% ,\t\u00a0٣"), max_size=6), min_size=64, max_size=64))
def test_any_text_is_a_number_or_not_as_the_rule_says_it(judge: Judge, texts: list[str]) -> None:
    def is_number(text: str) -> bool:
        digits = text[1:] if text[:1] in ("+", "-") else text
        whole, _, decimals = digits.partition(".")
        return (whole + decimals) != "" and all(character in "0123456789" for character in whole + decimals)

    for text, found in zip(texts, judge.outcomes(*MONEY, texts), strict=True):
        trimmed = text.strip(" \t\r\n\u00a0\ufeff")
        if trimmed == "":
            assert found is None
        else:
            assert (found != "not_a_number") == is_number(trimmed), text


FLAG = ("borrower_engagement", "sms_opt_in")


@pytest.mark.parametrize("word", ["true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"])
def test_a_boolean_may_be_spelled_in_five_ways_and_any_case(judge: Judge, word: str) -> None:
    spelled = [word, word.upper(), word.capitalize(), word.swapcase(), f" \t{word}\u00a0"]
    assert judge.outcomes(*FLAG, spelled) == [word in ("true", "t", "yes", "y", "1")] * 5


@pytest.mark.parametrize(
    "text",
    ["tru", "yess", "on", "off", "2", "-1", "01", "1.0", "0.0", "t rue", "null", "x", "✓", "\uff59", "y.", "no!"],
)
def test_anything_else_is_not_a_boolean(judge: Judge, text: str) -> None:
    assert judge.outcome(*FLAG, text) == "not_a_boolean"


def test_an_empty_boolean_is_unknown(judge: Judge) -> None:
    assert judge.outcomes(*FLAG, ["", "  "]) == [None, None]


@pytest.mark.parametrize("white", [" ", "\t", "\r", "\n", "\u00a0", "\ufeff", " \u00a0\t\r\n\ufeff "])
def test_cells_are_trimmed_of_what_exports_leave_around_them(sources: Sources, white: str) -> None:
    staged = sources.stage_rows(
        "borrower_information",
        {
            "borrower_id": f"{white}B1{white}",
            "first_name": f"{white}Mary{white}Ann{white}",
            "credit_score": f"{white}720",
        },
        {"borrower_id": "B2", "last_name": white},
        {"borrower_id": white},
    )
    assert staged.column("borrower_id") == ["B1", "B2"]
    assert staged.column("first_name") == [f"Mary{white}Ann", "Ada"]
    assert staged.column("last_name") == ["Byron", None]
    assert staged.column("credit_score") == [720, None]
    assert staged.reasons == [(3, "missing_key", "borrower_id")]


@pytest.mark.parametrize("white", ["\u2003", "\u200b", "\u3000", "\x0b", "\x0c", "\u0085", "\x00"])
def test_other_white_space_is_part_of_the_cell(sources: Sources, white: str) -> None:
    staged = sources.stage_rows(
        "borrower_information", {"borrower_id": white, "first_name": f"{white}Ada", "credit_score": f"720{white}"}
    )
    assert staged.column("borrower_id") == [white]
    assert staged.column("first_name") == [f"{white}Ada"]
    assert staged.column("credit_score") == [None]
    assert staged.counts.nulled == {"credit_score": 1}
