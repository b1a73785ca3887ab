"""Judging single cells: numbers, ranges, rounding, booleans and white space, each against a written-down answer."""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refi_assets.ingestion.files import MACROS, FileColumn
from refi_assets.specs.columns import Range
from refi_assets.specs.contracts import load_contracts
from refi_assets.staging.judge import PLAIN, judged_rows_sql, plain_rows_sql
from tests.support.sources import GOOD_ROW, Sources

# What becomes of a cell: its value, or the reason for which it is bad.
Outcome = Decimal | int | bool | str | None


@pytest.fixture(scope="module")
def judge() -> "Judge":
    return Judge()


class Judge:
    """Judges the cells of one column, each in a row that is good otherwise. Cells go in as they are, without CSV."""

    def __init__(self, *, is_plausibility_judged: bool = False) -> None:
        self.is_plausibility_judged = is_plausibility_judged
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(MACROS)

    def outcomes(self, source: str, column: str, texts: list[str]) -> list[Outcome]:
        """Per text: the value; or the reason, where the row is quarantined; or 'nulled', where the cell is.

        A cell that reads as empty is 'empty'. Bounds of what is plausible have tests of their own.
        """
        good = {name: cell for name, cell in GOOD_ROW[source].items() if name != column}
        names = [*good, column]
        columns = [FileColumn(name, f"c{number}") for number, name in enumerate(names)]
        cells = ", ".join(f"'{good[name]}' AS c{number}" for number, name in enumerate(good))
        outcomes: list[Outcome] = []
        contract = load_contracts()[source]
        if not self.is_plausibility_judged:
            contract = replace(contract, columns=tuple(replace(one, plausible=None) for one in contract.columns))
        self.connection.execute("CREATE OR REPLACE TEMP TABLE cells (n INTEGER, text VARCHAR)")
        self.connection.executemany("INSERT INTO cells VALUES (?, ?)", list(enumerate(texts)))
        rows = f"(SELECT n AS position, {cells}, text AS c{len(good)} FROM cells ORDER BY n)"
        judged = f"SELECT {column}, fault, noted FROM ({judged_rows_sql(contract, columns, rows)})"
        plain = f"SELECT {PLAIN}, {column} FROM ({plain_rows_sql(contract, columns, names, rows)})"
        for (value, fault, noted), (is_plain, plain_value) in zip(
            self.connection.execute(judged).fetchall(), self.connection.execute(plain).fetchall(), strict=True
        ):
            assert not is_plain or (plain_value, None, None) == (value, fault, noted), value
            assert fault is None or fault.endswith(f" {column}")
            name, kind = noted.split("\x1f")[:2] if noted else (column, None)
            assert name == column
            assert value is None or kind in (None, "invisible")
            note = "empty" if kind == "empty" else "nulled" if kind else value
            outcomes.append(fault.split(" ")[0] if fault else value if kind == "invisible" else note)
        return outcomes

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
    *("inf", "-inf", "Infinity", "nul", "NULLS", "N/A/", "---", "+", "+.", "-.", "--5", "+-5", "#REF", "unknown."),
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
    required = replace(contract, columns=(*key, *columns))
    source = (
        "(VALUES (0, 'B1', '720.5'), (1, 'B2', '900.5'), (2, 'B3', '900'), (3, 'B4', '720.0')) "
        "AS cells (position, c0, c1)"
    )
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
        elif trimmed in ("-", "--", "."):
            assert found == "empty"
        else:
            assert (found != "not_a_number") == is_number(trimmed), text


FLAG = ("borrower_engagement", "sms_opt_in")


@pytest.mark.parametrize("word", ["true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"])
def test_a_boolean_may_be_spelled_in_five_ways_and_any_case(judge: Judge, word: str) -> None:
    spelled = [word, word.upper(), word.capitalize(), word.swapcase(), f" \t{word}\u00a0"]
    assert judge.outcomes(*FLAG, spelled) == [word in ("true", "t", "yes", "y", "1")] * 5


@pytest.mark.parametrize(
    "text",
    ["tru", "yess", "on", "off", "2", "-1", "01", "1.0", "0.0", "t rue", "nulls", "x", "✓", "\uff59", "y.", "no!"],
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
    inside = white.replace("\ufeff", "")  # which is invisible, too
    assert staged.column("first_name") == [f"Mary{inside}Ann", "Ada"]
    assert staged.column("last_name") == ["Byron", None]
    assert staged.column("credit_score") == [720, None]
    assert staged.reasons == [(3, "missing_key", "borrower_id")]


@pytest.mark.parametrize("white", ["\u2003", "\u3000", "\x0b", "\x0c", "\u0085"])
def test_other_white_space_is_part_of_the_cell(sources: Sources, white: str) -> None:
    staged = sources.stage_rows(
        "borrower_information", {"borrower_id": white, "first_name": f"{white}Ada", "credit_score": f"720{white}"}
    )
    assert staged.column("borrower_id") == [white]
    assert staged.column("first_name") == [f"{white}Ada"]
    assert staged.column("credit_score") == [None]
    assert staged.counts.nulled == {"credit_score": 1}


# The words that an issue of the project lists, as people write them.
WORDS = [
    *("NULL", "null", "N/A", "n/a", "NA", "na", "n.a.", "#N/A", "NaN", "nan", "None", "UNKNOWN", "unknown", "nil"),
    *("-", "--", ".", "#VALUE!", "#DIV/0!", "#REF!", "#NAME?", " NULL ", "\u00a0n/a\t"),
]
TEXT = ("borrower_information", "city")
GIVEN = ("borrower_information", "first_name")


@pytest.mark.parametrize("column", [MONEY, RATE, LTV, SCORE, BALANCE, FLAG, TEXT])
def test_a_word_for_nothing_reads_as_empty(judge: Judge, column: tuple[str, str]) -> None:
    assert judge.outcomes(*column, WORDS) == ["empty"] * len(WORDS)


def test_a_word_for_nothing_in_a_key_is_a_missing_key(judge: Judge) -> None:
    assert judge.outcomes("borrower_information", "borrower_id", WORDS) == ["missing_key"] * len(WORDS)


def test_people_are_called_null_na_and_none(judge: Judge) -> None:
    names = ["Null", "Na", "None", "NULL", "-", "Unknown"]
    assert judge.outcomes(*GIVEN, names) == names
    assert judge.outcomes(*GIVEN, ["#REF!", "#name?", "#N/A", "#VALUE!", "#DIV/0!"]) == ["empty"] * 5


def test_nobody_is_called_null_null(sources: Sources) -> None:
    staged = sources.stage_rows(
        "borrower_information",
        {"borrower_id": "B1", "first_name": "NULL", "last_name": "Null"},
        {"borrower_id": "B2", "first_name": "NULL", "last_name": "Byron"},
        {"borrower_id": "B3", "first_name": "", "last_name": "Null"},
    )
    assert staged.column("first_name") == [None, "NULL", None]
    assert staged.column("last_name") == [None, "Byron", "Null"]
    assert staged.counts.emptied == {"first_name": {"NULL": 1}, "last_name": {"NULL": 1}}


def judge_with(source: str, column: str, texts: list[str], **declared: Any) -> list[Outcome]:
    """Outcomes under a contract that declares something else of one column."""
    judge = Judge()
    contract = load_contracts()[source]
    columns = tuple(replace(one, **declared) if one.name == column else one for one in contract.columns)
    with patch.dict(load_contracts(), {source: replace(contract, columns=columns)}):
        return judge.outcomes(source, column, texts)


def test_a_contract_says_which_words_and_numbers_are_nothing_in_a_column() -> None:
    assert judge_with(*TEXT, ["NA", "TBD", "tbd"], missing_words=("TBD",)) == ["NA", "empty", "empty"]
    assert judge_with(*TEXT, ["NA", "-"], missing_words=()) == ["NA", "-"]
    numbers = ["999", "999.0", "999.01", "998.999", "0999", "9999", "N/A"]
    assert judge_with(*MONEY, numbers, missing_values=("999", "9999")) == [
        *("empty", "empty", Decimal("999.01"), Decimal("999.00"), "empty", "empty", "empty")
    ]
    assert judge_with(*SCORE, ["999", "720"], missing_values=("999",)) == ["empty", 720], "not out_of_range"


@pytest.mark.parametrize(
    ("column", "text", "outcome"),
    [
        (RATE, "0.5", Decimal("0.5")),
        (RATE, "0.4999999999999999999999999", "implausible"),
        (RATE, "0.0575", "implausible"),
        (RATE, "25", Decimal(25)),
        (RATE, "25.000000000000000000000001", "implausible"),
        (RATE, "30", "implausible"),
        (RATE, "30.1", "out_of_range"),
        (RATE, "0", "out_of_range"),
        (RATE, "575", "out_of_range"),
        (LTV, "0", Decimal(0)),
        (LTV, "0.000", Decimal(0)),
        (LTV, "0.0000001", "implausible"),
        (LTV, "0.49", "implausible"),
        (LTV, "0.5", Decimal("0.5")),
        (LTV, "200", Decimal(200)),
        (LTV, "200.01", "implausible"),
        (LTV, "1000.01", "out_of_range"),
    ],
)
def test_a_number_that_the_market_never_had_is_implausible(
    column: tuple[str, str], text: str, outcome: Outcome
) -> None:
    assert Judge(is_plausibility_judged=True).outcome(*column, text) == outcome


def test_an_implausible_cell_that_is_not_required_becomes_null() -> None:
    plausible = Range(Decimal(500), Decimal(800))
    judge = Judge(is_plausibility_judged=True)
    contract = load_contracts()["borrower_information"]
    columns = tuple(replace(c, plausible=plausible) if c.name == "credit_score" else c for c in contract.columns)
    with patch.dict(load_contracts(), {"borrower_information": replace(contract, columns=columns)}):
        assert judge.outcomes(*SCORE, ["499", "500", "800", "801", "300"]) == ["nulled", 500, 800, "nulled", "nulled"]


INVISIBLE = ["\x00", "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2060"]


@pytest.mark.parametrize("character", INVISIBLE)
def test_what_no_eye_sees_is_taken_out_of_ids_and_names_and_counted(sources: Sources, character: str) -> None:
    staged = sources.stage_rows(
        "borrower_information",
        {"borrower_id": f"B{character}1", "first_name": f"A{character}da"},
        {"borrower_id": f"{character}B2 {character}", "first_name": "Bo"},
        {"borrower_id": character},
    )
    assert staged.column("borrower_id") == ["B1", "B2"]
    assert staged.column("first_name") == ["Ada", "Bo"]
    assert staged.counts.invisible == {"borrower_id": 2, "first_name": 1}
    assert staged.reasons == [(3, "missing_key", "borrower_id")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        ),  # Alireza, in Persian
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),  # a half form, in Devanagari
        ("\u0639\u0644\u06cc\u200c", "\u0639\u0644\u06cc"),  # at the end it joins nothing
        ("\u200d\u0915", "\u0915"),
        ("Jo\u200cse", "Jose"),
        ("\u0639\u200b\u0644\u06cc", "\u0639\u0644\u06cc"),  # a zero-width space is needed by no script
    ],
)
def test_joiners_stay_in_names_of_scripts_that_need_them(sources: Sources, name: str, shown: str) -> None:
    assert sources.stage_rows("borrower_information", {"first_name": name}).column("first_name") == [shown]


@pytest.mark.parametrize(
    ("cells", "states"),
    [
        ({"remaining_balance": "0"}, ("paid_off", None, None)),
        ({"remaining_balance": "0.00"}, ("paid_off", None, None)),
        ({"remaining_balance": "-12.5"}, ("paid_off", None, None)),
        ({"remaining_balance": "0.0000000001"}, (None, None, None)),
        ({"remaining_balance": "0.01"}, (None, None, None)),
        ({"remaining_balance": " PAID in full "}, ("paid_off", None, None)),
        ({"remaining_balance": "Closed"}, ("paid_off", None, None)),
        ({"remaining_balance": "closed in May"}, (None, None, None)),
        ({"remaining_balance": ""}, (None, None, None)),
        ({"loan_type": "Paid Off"}, (None, "paid_off", None)),
        ({"loan_type": "PAID_OFF"}, (None, "paid_off", None)),
        ({"loan_type": "paid-off"}, (None, "paid_off", None)),
        ({"loan_status": "Paid \u00a0 in\tfull"}, (None, None, "paid_off")),
        ({"loan_type": "Fixed"}, (None, None, None)),
        ({"loan_status": "CLOSED"}, (None, None, "paid_off")),
        ({"loan_status": "Current"}, (None, None, None)),
    ],
)
def test_a_cell_tells_that_a_loan_is_paid_off(
    sources: Sources, cells: dict[str, str], states: tuple[str | None, ...]
) -> None:
    staged = sources.stage_rows("loan_information", cells)
    names = ("remaining_balance_state", "loan_type_state", "loan_status_state")
    assert tuple(staged.column(name)[0] for name in names) == states
