"""Files that nobody has declared: the types that follow from their cells."""

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from refi_assets.errors import ModelError, SourceError
from refi_assets.ml.policy import load_ml_policy
from refi_assets.ml.tables import FileTable, days_of_numbers, read_table

READING = load_ml_policy().reading


def read(path: Path, *texts: str) -> FileTable:
    return read_table(path, texts, READING)


def days(*iso: str | None) -> list[float]:
    """Days since 1970, by Python's own calendar."""
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None for text in iso]
    return [moment.timestamp() / 86400 if moment else np.nan for moment in moments]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "-2.5", "+3", ".5", "1e3"], [1, -2.5, 3, 0.5, 1000]),
        (["$1,200.50", "-$3", "$ 7", "€12", "1,000,000"], [1200.5, -3, 7, 12, 1_000_000]),
        (["12%", "3.5 %", "0%"], [12, 3.5, 0]),
        (["1", "NA", "n/a", "?", "", "null", "NaN", ".", "-"], [1, *[np.nan] * 8]),
        (["1", "1e400", "inf", "-inf"], [1, np.nan, np.nan, np.nan]),  # beyond any number
        (["1,5", "1.200,75", "-3,25"], [1.5, 1200.75, -3.25]),  # a decimal comma
        (["007", "0012"], [7, 12]),
        (["", "NA"], [np.nan, np.nan]),
    ],
)
def test_numbers(tmp_path: Path, cells: list[str], numbers: list[float]) -> None:
    path = tmp_path / "file.csv"
    path.write_text("\n".join(["x,y", *(f'"{cell}",1' for cell in cells)]) + "\n")
    np.testing.assert_allclose(read(path).columns["x"], numbers)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2026-02-20", "2026-3-1", ""], days("2026-02-20", "2026-03-01", None)),
        (["2026-02-20 12:00:00", "2026-02-21T06:00:00Z"], days("2026-02-20T12:00", "2026-02-21T06:00")),
        (["2026-02", "2026-03"], days("2026-02-01", "2026-03-01")),
        (["Dec-2011", "Jan-2012"], days("2011-12-01", "2012-01-01")),
        (["Dec-11", "Jan-12"], days("2011-12-01", "2012-01-01")),
        (["1/2/2026", "2/28/2026"], days("2026-01-02", "2026-02-28")),  # American, if it can be
        (["1/2/2026", "28/2/2026"], days("2026-02-01", "2026-02-28")),
        (["20.2.2026", "01.03.2026"], days("2026-02-20", "2026-03-01")),
    ],
)
def test_dates_are_days_since_1970(tmp_path: Path, cells: list[str], expected: list[float]) -> None:
    path = tmp_path / "file.csv"
    path.write_text("\n".join(["when,y", *(f"{cell},1" for cell in cells)]) + "\n")
    table = read(path)
    assert table.dates == {"when"}
    np.testing.assert_allclose(table.columns["when"], expected)


def test_a_few_words_among_numbers_are_missing_and_said_and_many_make_a_column_of_texts(tmp_path: Path) -> None:
    rows = [f"{n},{n},{'late' if n % 5 == 0 else n}" for n in range(1, 100)]
    (tmp_path / "file.csv").write_text("\n".join(["y,few,many", *rows, "100,unknown,unknown"]) + "\n")
    table = read(tmp_path / "file.csv")
    assert np.isnan(table.columns["few"][99])
    assert table.columns["few"][98] == 99
    assert table.columns["many"][:5].tolist() == ["1", "2", "3", "4", "late"]
    assert table.warnings == ("few: 1 of its cells are not numbers, and count as missing",)


@pytest.mark.parametrize(
    ("ending", "separator", "line_end"), [("csv", ",", "\n"), ("csv", ";", "\r\n"), ("tsv", "\t", "\n")]
)
def test_separators_quotes_and_marks_of_a_file(tmp_path: Path, ending: str, separator: str, line_end: str) -> None:
    header = ["", "Account Age", "default payment next month"]
    lines = [header, ["1", "a, b", "yes"], ["2", "c; d", "no"]]
    text = line_end.join(separator.join(f'"{cell}"' for cell in line) for line in lines) + line_end
    path = tmp_path / f"file.{ending}"
    path.write_bytes(text.encode("utf-8-sig"))
    table = read(path, "DEFAULT payment next month")
    assert table.texts["default payment next month"].tolist() == ["yes", "no"]
    assert list(table.columns) == ["column 1", "Account Age"]  # a header without a name, as row numbers have
    assert table.columns["Account Age"].tolist() == ["a, b", "c; d"]


def test_a_compressed_file_is_the_same_table(tmp_path: Path) -> None:
    path = tmp_path / "file.csv.gz"
    path.write_bytes(gzip.compress(b"x,y\n1.5,a\n,b\n"))
    columns = read(path).columns
    np.testing.assert_array_equal(columns["x"], [1.5, np.nan])
    assert columns["y"].tolist() == ["a", "b"]


def test_parquet_keeps_its_spelling_and_types(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    duckdb.sql(
        "COPY (SELECT * FROM (VALUES "
        "(1, 1.50::DECIMAL(9, 2), true, TIMESTAMP '2026-02-20 00:00:00', DATE '2026-02-20', 'a', 0.1::DOUBLE), "
        "(NULL, 2::DECIMAL(9, 2), false, TIMESTAMP '2026-02-20 06:00:00', NULL, NULL, 'nan'::DOUBLE)) "
        f'AS t("ApplicantAge", amount, flag, moment, day, "Word", share)) TO \'{path}\' (FORMAT parquet)'
    )
    table = read(path)
    numbers = {name: column.tolist() for name, column in table.columns.items() if column.dtype.kind == "f"}
    np.testing.assert_equal(
        numbers,
        {
            "ApplicantAge": [1, np.nan],
            "amount": [1.5, 2],
            "moment": days("2026-02-20", "2026-02-20T06:00"),
            "day": days("2026-02-20", None),
            "share": [0.1, np.nan],
        },
    )
    assert table.dates == {"moment", "day"}
    assert (table.columns["flag"].tolist(), table.columns["Word"].tolist()) == (["true", "false"], ["a", None])


def test_rows_keep_the_order_of_a_file_that_is_read_in_parallel(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("n,y\n" + "".join(f"{n},{n % 2}\n" for n in range(200_000)))
    np.testing.assert_array_equal(read(path).columns["n"], np.arange(200_000))


def test_an_unknown_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ModelError, match=r"file\.csv: no column is named 'z'\. It has x, y\."):
        read(tmp_path / "file.csv", "z")


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2,3\n", b"PK\x03\x04zip"])
def test_a_file_that_is_not_a_table_is_a_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.csv").write_bytes(content)
    with pytest.raises(SourceError, match=r"file\.csv"):
        read(tmp_path / "file.csv")


def test_numbers_that_are_months_or_days() -> None:
    def day_number(year: int, month: int, day: int) -> float:
        return (date(year, month, day) - date(1970, 1, 1)).days

    found = days_of_numbers(np.array([202601, np.nan, 199912.0]))
    np.testing.assert_array_equal(found, [day_number(2026, 1, 1), np.nan, day_number(1999, 12, 1)])
    np.testing.assert_array_equal(days_of_numbers(np.array([20260220.0])), [day_number(2026, 2, 20)])
    for other in ([202613.0], [2026.0], [202601.5], [202601.0, 20260101.0]):
        assert days_of_numbers(np.array(other)) is None
