"""Judging cells other than numbers: booleans, days, white space, words for nothing, invisible letters, and states."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.support.single_cells import BALANCE, LTV, MONEY, RATE, SCORE, CellJudge
from tests.support.sources import Sources


@pytest.fixture(scope="module")
def judge() -> CellJudge:
    return CellJudge()


FLAG = ("borrower_engagement", "sms_opt_in")


@pytest.mark.parametrize("word", ["true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"])
def test_a_boolean_may_be_spelled_in_five_ways_and_any_case(judge: CellJudge, word: str) -> None:
    spelled = [word, word.upper(), word.capitalize(), word.swapcase(), f" \t{word}\u00a0"]
    assert judge.outcomes(*FLAG, spelled) == [word in ("true", "t", "yes", "y", "1")] * 5


@pytest.mark.parametrize(
    "text",
    ["tru", "yess", "on", "off", "2", "-1", "01", "1.0", "0.0", "t rue", "nulls", "x", "✓", "\uff59", "y.", "no!"],
)
def test_anything_else_is_not_a_boolean(judge: CellJudge, text: str) -> None:
    assert judge.outcome(*FLAG, text) == "not_a_boolean"


def test_an_empty_boolean_is_unknown(judge: CellJudge) -> None:
    assert judge.outcomes(*FLAG, ["", "  "]) == [None, None]


DAY: dict[str, Any] = {"logical_type": "date", "sql_type": "DATE"}


def test_a_day_is_written_as_year_month_day(judge: CellJudge) -> None:
    texts = ["2024-02-29", " 2026-02-20\t", "0001-01-01", "9999-12-31", "", "N/A"]
    days = [date(2024, 2, 29), date(2026, 2, 20), date(1, 1, 1), date(9999, 12, 31), None, "empty"]
    assert judge.outcomes(*FLAG, texts, **DAY) == days


@pytest.mark.parametrize(
    "text",
    [
        *("2023-02-29", "2026-13-01", "2026-00-10", "2026-2-20", "26-02-20", "20260220", "02/20/2026", "20.02.2026"),
        *("2026-02-20 00:00:00", "2026-02-20T00:00", "2026-02-20 (BC)", "infinity", "epoch", "today", "46073"),
        *("-2026-02-20", "12026-02-20", "2026-02-2O", "\uff12026-02-20"),
    ],
)
def test_anything_else_is_not_a_day(judge: CellJudge, text: str) -> None:
    assert judge.outcomes(*FLAG, [text], **DAY) == ["not_a_date"]


TIME: dict[str, Any] = {"logical_type": "timestamp", "sql_type": "TIMESTAMP"}


def test_a_time_is_a_day_and_a_time_of_day_in_utc(judge: CellJudge) -> None:
    texts = ["2026-02-20T13:45:06.789Z", "2026-02-20 13:45:06.5", "2026-02-20T13:45+00:00", "2026-02-20", " ", "N/A"]
    times = ["2026-02-20 13:45:06.789", "2026-02-20 13:45:06.5", "2026-02-20 13:45", "2026-02-20 00:00"]
    expected = [*map(datetime.fromisoformat, times), None, "empty"]
    assert judge.outcomes(*FLAG, texts, **TIME) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2026-02-30T13:45:00Z",
            "2026-02-20T24:00:00Z",
            "2026-02-20T13:60Z",
            "2026-02-20T13:45:60Z",
            "2026-02-20T13Z",
        ),
        *("2026-02-20T13:45:00+01:00", "2026-02-20T13:45:00.1234Z", "2026-02-20t13:45:00z", "20260220T134500Z"),
        *("13:45:00", "1771595106", "now", "infinity", "2026-02-20Z"),
    ],
)
def test_anything_else_is_not_a_time(judge: CellJudge, text: str) -> None:
    assert judge.outcomes(*FLAG, [text], **TIME) == ["not_a_timestamp"]


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
    inside = white.replace("\ufeff", "")  # which is also invisible
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


# Words for nothing, as people write them.
WORDS = [
    *("NULL", "null", "N/A", "n/a", "NA", "na", "n.a.", "#N/A", "NaN", "nan", "None", "UNKNOWN", "unknown", "nil"),
    *("-", "--", ".", "#VALUE!", "#DIV/0!", "#REF!", "#NAME?", " NULL ", "\u00a0n/a\t"),
]
TEXT = ("borrower_information", "city")
GIVEN = ("borrower_information", "first_name")


@pytest.mark.parametrize("column", [MONEY, RATE, LTV, SCORE, BALANCE, FLAG, TEXT])
def test_a_word_for_nothing_reads_as_empty(judge: CellJudge, column: tuple[str, str]) -> None:
    assert judge.outcomes(*column, WORDS) == ["empty"] * len(WORDS)


def test_a_word_for_nothing_in_a_key_is_a_missing_key(judge: CellJudge) -> None:
    assert judge.outcomes("borrower_information", "borrower_id", WORDS) == ["missing_key"] * len(WORDS)


def test_people_are_called_null_na_and_none(judge: CellJudge) -> None:
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


def test_a_contract_declares_the_words_and_numbers_for_nothing_of_a_column(judge: CellJudge) -> None:
    assert judge.outcomes(*TEXT, ["NA", "TBD", "tbd"], missing_words=("TBD",)) == ["NA", "empty", "empty"]
    assert judge.outcomes(*TEXT, ["NA", "-"], missing_words=()) == ["NA", "-"]
    numbers = ["999", "999.0", "999.01", "998.999", "0999", "9999", "N/A"]
    assert judge.outcomes(*MONEY, numbers, missing_values=("999", "9999")) == [
        *("empty", "empty", Decimal("999.01"), Decimal("999.00"), "empty", "empty", "empty")
    ]
    assert judge.outcomes(*SCORE, ["999", "720"], missing_values=("999",)) == ["empty", 720], "not out_of_range"


INVISIBLE = ["\x00", "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2060"]


@pytest.mark.parametrize("character", INVISIBLE)
def test_invisible_characters_are_removed_from_ids_and_names_and_counted(sources: Sources, character: str) -> None:
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
        ("\u0639\u0644\u06cc\u200c\u0631", "\u0639\u0644\u06cc\u200c\u0631"),  # as in Alireza, in Persian
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
def test_a_cell_can_state_that_a_loan_is_paid_off(
    sources: Sources, cells: dict[str, str], states: tuple[str | None, ...]
) -> None:
    staged = sources.stage_rows("loan_information", cells)
    names = ("remaining_balance_state", "loan_type_state", "loan_status_state")
    assert tuple(staged.column(name)[0] for name in names) == states
