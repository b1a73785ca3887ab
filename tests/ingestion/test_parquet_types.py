"""Parquet cells of every type: their text is exact, or the file or the row is refused."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from refi_assets.errors import SourceError
from tests.support.sources import GOOD_ROW, Sources, StagedSource

BORROWER = "borrower_information"
MIDNIGHT = datetime(1980, 12, 31, tzinfo=UTC)


def parquet(source: str, rows: int = 1, /, *, write: dict[str, Any] | None = None, **columns: pa.Array) -> bytes:
    """A file of good rows of a source, with these columns instead of its own or in addition."""
    table = {name: pa.array([cell] * rows) for name, cell in GOOD_ROW[source].items()} | columns
    buffer = io.BytesIO()
    pq.write_table(pa.table(table), buffer, **(write or {}))
    return buffer.getvalue()


def stage(sources: Sources, source: str, data: bytes) -> StagedSource:
    return sources.stage(source, {"part.parquet": data})


def first(sources: Sources, source: str, column: str, cells: pa.Array, **write: Any) -> Any:
    """The staged value of the first cell of a column."""
    staged = stage(sources, source, parquet(source, len(cells), write=write, **{column: cells}))
    assert staged.counts.accepted >= 1, staged.reasons
    return staged.column(column)[0]


BIRTHS: dict[str, tuple[pa.Array, dict[str, Any]]] = {
    "text": (pa.array(["1980-12-31"]), {}),
    "date": (pa.array([MIDNIGHT.date()]), {}),
    "date of milliseconds": (pa.array([MIDNIGHT.date()], pa.date64()), {}),
    "seconds": (pa.array([MIDNIGHT], pa.timestamp("s")), {}),
    "microseconds": (pa.array([MIDNIGHT], pa.timestamp("us")), {}),
    "nanoseconds": (pa.array([MIDNIGHT], pa.timestamp("ns")), {}),
    "UTC": (pa.array([MIDNIGHT], pa.timestamp("us", tz="UTC")), {}),
    "a zone, midnight UTC": (pa.array([MIDNIGHT], pa.timestamp("us", tz="Asia/Tokyo")), {}),
    "INT96": (pa.array([MIDNIGHT], pa.timestamp("ns")), {"use_deprecated_int96_timestamps": True}),
}


@pytest.mark.parametrize("name", BIRTHS)
def test_a_date_of_birth_of_any_type_reads_as_its_day(
    sources: Sources, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells, write = BIRTHS[name]
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert first(sources, BORROWER, "date_of_birth", cells, **write) == "1980-12-31"


@pytest.mark.parametrize("write", [{}, {"use_deprecated_int96_timestamps": True}])
@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_a_time_of_birth_that_is_not_midnight_utc_is_refused(
    sources: Sources, zone: str | None, write: dict[str, Any]
) -> None:
    """Midnight in New York is five in the morning in UTC, and midnight in Berlin the day before."""
    cells = pa.array([MIDNIGHT, datetime(1980, 12, 30, 23, tzinfo=UTC)], pa.timestamp("ns", tz=zone))
    with pytest.raises(SourceError, match=r"column 'date_of_birth' is of type TIMESTAMP.* write it as a DATE"):
        stage(sources, BORROWER, parquet(BORROWER, 2, write=write, date_of_birth=cells))


def account(cells: pa.Array, **write: Any) -> bytes:
    """A file of accounts, of which the contract says that opened_on is a day."""
    ids = pa.array([f"A{number}" for number in range(len(cells))])
    buffer = io.BytesIO()
    pq.write_table(pa.table({"account_id": ids, "customer_id": ids, "opened_on": cells}), buffer, **write)
    return buffer.getvalue()


@pytest.mark.parametrize("name", BIRTHS)
def test_a_day_of_any_type_reads_as_the_day(sources: Sources, name: str) -> None:
    cells, write = BIRTHS[name]
    staged = stage(sources, "customer_account", account(cells, **write))
    assert staged.column("opened_on") == [MIDNIGHT.date()]


def test_a_day_with_a_time_is_refused(sources: Sources) -> None:
    cells = pa.array([MIDNIGHT, datetime(1980, 12, 30, 23, tzinfo=UTC)])
    with pytest.raises(SourceError, match=r"column 'opened_on' is of type TIMESTAMP.* write it as a DATE"):
        stage(sources, "customer_account", account(cells))


def test_another_time_with_a_zone_is_shown_in_utc(sources: Sources) -> None:
    cells = pa.array([datetime(2026, 2, 20, 5, tzinfo=UTC)], pa.timestamp("us", tz="Asia/Tokyo"))
    assert first(sources, BORROWER, "city", cells) == "2026-02-20 05:00:00+00"


TEXTS: dict[str, tuple[pa.Array, str]] = {
    "bytes that are UTF-8": (pa.array(["José".encode()]), "José"),
    "bytes with a line break": (pa.array([b"1\r\n2"]), "1\r\n2"),
    "bytes of a fixed length": (pa.array([b"P001"], pa.binary(4)), "P001"),
    "large text": (pa.array(["José"], pa.large_string()), "José"),
    "a dictionary": (pa.array(["José"]).dictionary_encode(), "José"),
    "a dictionary of bytes": (pa.array(["José".encode()]).dictionary_encode(), "José"),
    "a whole double": (pa.array([1001.0]), "1001"),
    "a double that is not whole": (pa.array([1001.5]), "1001.5"),
    "a negative whole double": (pa.array([-7.0]), "-7"),
    "the largest exact double": (pa.array([2.0**53 - 1]), "9007199254740991"),
    "a telephone number as a double": (pa.array([15125576088.0]), "15125576088"),
    "a whole float": (pa.array([1001.0], pa.float32()), "1001"),
    "the largest exact float": (pa.array([2.0**24 - 1], pa.float32()), "16777215"),
    "a whole decimal": (pa.array([Decimal("1001.00")]), "1001"),
    "a large whole decimal": (pa.array([Decimal("12345678901234567890.00")]), "12345678901234567890"),
    "a decimal that is not whole": (pa.array([Decimal("1001.50")]), "1001.50"),
    "a decimal of no decimals": (pa.array([Decimal("1000")]), "1000"),
    "an integer": (pa.array([100]), "100"),
    "the largest integer": (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
}


@pytest.mark.parametrize(("cells", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_a_cell_of_a_text_column_reads_as_its_text(sources: Sources, cells: pa.Array, text: str) -> None:
    """property_id as a double read 1001.0, and matched no home; bytes read Jos\\xC3\\xA9, and were published."""
    assert first(sources, BORROWER, "property_id", cells) == text


@pytest.mark.parametrize(
    "cells",
    [
        *(pa.array([1.0, 2.0**53]), pa.array([-(2.0**53)]), pa.array([1e300])),
        *(pa.array([2.0**24], pa.float32()), pa.array([5125576088.0], pa.float32())),
    ],
)
def test_a_number_that_cannot_be_exact_is_refused_in_a_text_column(sources: Sources, cells: pa.Array) -> None:
    """9007199254740993 is 9007199254740992 as a double."""
    with pytest.raises(SourceError, match=r"part.parquet: column 'property_id' is of type .* not exact .* as a string"):
        stage(sources, BORROWER, parquet(BORROWER, len(cells), property_id=cells))


def test_numbers_as_decimals_floats_and_doubles_are_exact(sources: Sources) -> None:
    for cells in (pa.array([4.073], pa.float32()), pa.array([4.073]), pa.array([Decimal("4.073")])):
        rate = first(sources, "loan_information", "current_interest_rate", cells)
        assert rate == Decimal("4.073000")
    for cells in (pa.array([2025.0]), pa.array([Decimal("2025.00")]), pa.array([2025])):
        assert first(sources, "loan_information", "origination_year", cells) == 2025


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.int8(), pa.uint64(), pa.decimal128(3, 2), pa.bool_()])
def test_one_and_zero_of_any_type_are_booleans(sources: Sources, kind: pa.DataType) -> None:
    cells = pa.array([Decimal(1), Decimal(0)]) if pa.types.is_decimal(kind) else pa.array([1, 0])
    staged = stage(
        sources,
        "borrower_engagement",
        parquet("borrower_engagement", 2, borrower_id=pa.array(["B1", "B2"]), sms_opt_in=cells.cast(kind)),
    )
    assert staged.column("sms_opt_in") == [True, False]


def test_a_double_that_is_neither_one_nor_zero_is_not_a_boolean(sources: Sources) -> None:
    staged = stage(sources, "borrower_engagement", parquet("borrower_engagement", sms_opt_in=pa.array([0.5])))
    assert staged.reasons == [(1, "not_a_boolean", "sms_opt_in")]


NOT_SCALARS = {
    "STRUCT(given VARCHAR)": pa.array([{"given": "Okafor"}]),
    "VARCHAR[]": pa.array([["Okafor"]]),
    "MAP(VARCHAR, INTEGER)": pa.array([[("Okafor", 1)]], pa.map_(pa.string(), pa.int32())),
}


@pytest.mark.parametrize("sql_type", NOT_SCALARS)
def test_a_type_that_is_not_scalar_is_refused_with_column_and_type(sources: Sources, sql_type: str) -> None:
    with pytest.raises(SourceError) as refused:
        stage(sources, BORROWER, parquet(BORROWER, first_name=NOT_SCALARS[sql_type]))
    assert f"part.parquet: column 'first_name' is of type {sql_type}, which is not a single value" in str(refused.value)
    assert "Okafor" not in str(refused.value)


def test_a_column_that_the_contract_does_not_know_may_have_any_type(sources: Sources) -> None:
    further = {f"further_{n}": cells for n, cells in enumerate([*NOT_SCALARS.values(), pa.array([b"\xff"])])}
    staged = stage(sources, BORROWER, parquet(BORROWER, **further))
    assert staged.counts.accepted == 1
    quarantined = stage(sources, BORROWER, parquet(BORROWER, borrower_id=pa.array([""]), **further)).quarantine
    assert quarantined[0]["original_cells"]["further_1"] == "[Okafor]"
    assert quarantined[0]["original_cells"]["further_3"] == "\\xFF"


def test_bytes_that_are_not_utf8_make_a_row_malformed_and_every_row_is_accounted_for(sources: Sources) -> None:
    names = [b"Ada", b"Jos\xe9", None, "José".encode(), b"\xff\xfe\x81"]
    data = parquet(
        BORROWER,
        5,
        borrower_id=pa.array([f"B{n}" for n in range(1, 6)]),
        first_name=pa.array(names),
        credit_score=pa.array([700.0, 700.0, 700.0, None, 1.5]),
    )
    staged = stage(sources, BORROWER, data)
    assert staged.column("borrower_id") == ["B1", "B3", "B4"]
    assert staged.column("first_name") == ["Ada", None, "José"]
    assert [(row["record_number"], row["reason"], row["problem"]) for row in staged.quarantine] == [
        (2, "malformed_row", "not UTF-8; reads as Windows-1252"),
        (5, "malformed_row", "not UTF-8"),
    ]
    assert staged.quarantine[0]["original_bytes"] == b'"B2","Jos\xe9","Byron","P1","700"'
    assert (staged.counts.rows, staged.counts.accepted, staged.counts.quarantined) == (5, 3, {"malformed_row": 2})


def test_record_numbers_after_a_malformed_row_are_those_of_the_file(sources: Sources) -> None:
    ids = pa.array([b"B1", b"\xff", b"", b"B4"])
    staged = stage(sources, BORROWER, parquet(BORROWER, 4, borrower_id=ids))
    assert [(number, reason) for number, reason, _ in staged.reasons] == [(2, "malformed_row"), (3, "missing_key")]
    assert staged.column("borrower_id") == ["B1", "B4"]


@pytest.mark.parametrize(("column", "shown"), [("first_name", "'first_name'"), ("Okafor", "5")])
def test_text_that_is_not_utf8_is_refused_with_its_column(sources: Sources, column: str, shown: str) -> None:
    """DuckDB fails only when it reads the row, in the middle of a run. A name that is not ours may be a person's."""
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(bytes([0, 0, 0, 0, 4, 0, 0, 0])), pa.py_buffer(b"Jos\xe9")]
    )
    with pytest.raises(SourceError, match=f"column {shown} cannot be read: .* the text is not UTF-8"):
        stage(sources, BORROWER, parquet(BORROWER, **{column: broken}))


def test_a_column_of_nulls_is_empty(sources: Sources) -> None:
    assert first(sources, BORROWER, "email", pa.nulls(1)) is None


def test_a_decimal_of_more_digits_than_can_be_read_is_refused(sources: Sources) -> None:
    """DuckDB reads 47.52 of decimal256(50, 18) as another number, without an error."""
    rows = {
        "property_id": pa.array(["P1"]),
        "market_rate_offer": pa.array([Decimal("5.5")], pa.decimal256(40, 10)),
        "ltv_ratio": pa.array([Decimal("70")], pa.decimal128(38, 10)),
        "monthly_savings_est": pa.array([10.0]),
    }
    file = io.BytesIO()
    pq.write_table(pa.table(rows), file)
    with pytest.raises(SourceError, match="column 'market_rate_offer' is a decimal of 40 digits, but at most 38 can"):
        sources.stage("market_equity", {"part.parquet": file.getvalue()})
