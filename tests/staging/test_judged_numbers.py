"""Judging numbers: form, range and rounding, each against an answer that is written down or computed by Python."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from refi_assets.specs.columns import Range
from refi_assets.specs.contracts import load_contracts
from tests.support.single_cells import AMOUNT, BALANCE, LTV, MONEY, RATE, SCORE, TERM, YEAR, CellJudge, Outcome


@pytest.fixture(scope="module")
def judge() -> CellJudge:
    return CellJudge()


def test_the_contracts_are_those_that_these_tests_were_written_for() -> None:
    types = {
        (source, column.name): (column.sql_type, column.present)
        for source, contract in load_contracts().items()
        for column in contract.columns
    }
    assert [types[column] for column in (MONEY, RATE, LTV, SCORE, TERM, YEAR, BALANCE, AMOUNT)] == [
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
def test_a_number_is_an_optional_sign_digits_and_at_most_one_point(judge: CellJudge, text: str, value: str) -> None:
    assert judge.outcome(*MONEY, text) == Decimal(value)


NOT_NUMBERS = [
    *("1e3", "1E3", "1e-3", "1_000", "0x10", "0b1", "1,200", "1.200,50", "1 200", "1'200", "1.2.3", "1..2"),
    *("inf", "-inf", "Infinity", "nul", "NULLS", "N/A/", "---", "+", "+.", "-.", "--5", "+-5", "#REF", "unknown."),
    *("5-", "- 5", "(5)", "7.9%", "$5", "5 USD", "5f", "5d", "five", "true", "½", "²", "∞", "1/2", "'5", "=5", "5;"),
    # an Arabic digit, full-width digits, a minus sign that is no hyphen; white space that is not trimmed
    *("٣", "\uff11", "\uff15.\uff15", "\u22125", "5\u200b", "5\x00", "5\n6", "\u20035"),
]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_anything_else_is_not_a_number(judge: CellJudge, text: str) -> None:
    assert judge.outcome(*MONEY, text) == "not_a_number"
    assert judge.outcome(*BALANCE, text) == "nulled"
    assert judge.outcome(*YEAR, text) == "nulled"


@pytest.mark.parametrize("column", [MONEY, RATE, LTV, SCORE, TERM, YEAR, BALANCE])
def test_an_empty_cell_is_null_and_not_an_error(judge: CellJudge, column: tuple[str, str]) -> None:
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
    judge: CellJudge, column: tuple[str, str], text: str, outcome: Outcome
) -> None:
    assert judge.outcome(*column, text) == outcome


def test_a_fraction_in_an_integer_column_is_not_a_number_even_if_it_is_out_of_range(judge: CellJudge) -> None:
    """Integer columns are all optional, so their reason is seen only in a contract that requires one."""
    outcomes = judge.outcomes(*SCORE, ["720.5", "900.5", "900", "720.0"], present=True)
    assert outcomes == ["not_a_number", "not_a_number", "out_of_range", 720]


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
    judge: CellJudge, column: tuple[str, str], text: str, outcome: Outcome
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
def test_a_number_that_its_column_cannot_hold_is_out_of_range(judge: CellJudge, text: str, outcome: Outcome) -> None:
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
        (MONEY, "2.675", "2.68"),  # 2.67 if it was a double in between
        (MONEY, "1.005", "1.01"),
        (MONEY, "-1.005", "-1.01"),
        (MONEY, "-120.125", "-120.13"),
        (MONEY, "120.115", "120.12"),
        (MONEY, "999.995", "1000.00"),
    ],
)
def test_rounding_is_half_away_from_zero(judge: CellJudge, column: tuple[str, str], text: str, value: str) -> None:
    outcome = judge.outcome(*column, text)
    assert isinstance(outcome, Decimal)
    assert str(outcome) == value


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
    judge: CellJudge, column: tuple[str, str], text: str, outcome: Outcome
) -> None:
    source, name = column
    plausible = next(each.plausible for each in load_contracts()[source].columns if each.name == name)
    assert judge.outcomes(*column, [text], plausible=plausible) == [outcome]


def test_an_implausible_cell_that_is_not_required_becomes_null(judge: CellJudge) -> None:
    plausible = Range(Decimal(500), Decimal(800))
    outcomes = judge.outcomes(*SCORE, ["499", "500", "800", "801", "300"], plausible=plausible)
    assert outcomes == ["nulled", 500, 800, "nulled", "nulled"]


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
    """The outcome of a number's text by Python's decimal module."""
    scale, in_range = RULES[column]
    exact = Decimal(text)
    rounded = exact.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if in_range(exact) and abs(rounded) < Decimal(10) ** 16:
        return rounded
    return "nulled" if column in (BALANCE, AMOUNT) else "out_of_range"


@settings(max_examples=30)
@given(st.lists(number_texts(), min_size=64, max_size=64))
@example(["30.0000000000000000001", "-0.005", "0." + "0" * 40 + "1", "1000.", ".5", "6.1249999999999996"])
def test_any_number_is_judged_and_rounded_as_pythons_decimal_does(judge: CellJudge, texts: list[str]) -> None:
    for column in RULES:
        outcomes = dict(zip(texts, judge.outcomes(*column, texts), strict=True))
        assert outcomes == {text: expected_number(column, text) for text in texts}


@settings(max_examples=30)
@given(st.lists(st.text(st.sampled_from("05.+-eE_x% ,\t\u00a0٣"), max_size=6), min_size=64, max_size=64))
def test_any_text_is_a_number_or_not_by_the_rule(judge: CellJudge, texts: list[str]) -> None:
    def is_number(text: str) -> bool:
        digits = text[1:] if text[:1] in ("+", "-") else text
        whole, _, decimals = digits.partition(".")
        return (whole + decimals) != "" and all(character in "0123456789" for character in whole + decimals)

    for text, outcome in zip(texts, judge.outcomes(*MONEY, texts), strict=True):
        trimmed = text.strip(" \t\r\n\u00a0\ufeff")
        if trimmed == "":
            assert outcome is None
        elif trimmed in ("-", "--", "."):
            assert outcome == "empty"
        else:
            assert (outcome != "not_a_number") == is_number(trimmed), text
