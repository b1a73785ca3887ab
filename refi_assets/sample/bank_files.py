"""Writing the source files of a made-up bank: names, columns and format are those of the contracts.

Rows are appended in parts. DuckDB formats each part as finished lines from arrays; single rows come as texts.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from refi_assets.engines.duckdb_sql import quoted, text_literal
from refi_assets.sample.written_tables import Array
from refi_assets.specs.columns import Column
from refi_assets.specs.contracts import Contract

LINE_END = "\r\n"


@dataclass(frozen=True)
class CodedTexts:
    """A column of few different texts: the place of each row's text among them."""

    places: Array
    texts: Sequence[str]


EMPTY_CELL = -1  # a number of a text that is empty
# Whole numbers; texts by their places; days (datetime64[D]); amounts in cents, for columns with two decimals.
BankCells = Array | CodedTexts


class BankFile:
    """The file of one source, which begins with its header."""

    def __init__(self, contract: Contract, folder: Path, *, has_currency: bool) -> None:
        self._format = contract.file_format
        self._columns = [column for column in contract.columns if has_currency or column.name != "currency"]
        self.path = folder / self._format.names[0]
        self.rows = 0
        header = self._format.delimiter.join(self._in_quotes(column.file_name) for column in self._columns)
        self.path.write_bytes((header + LINE_END).encode(self._format.encoding))

    def append(self, connection: duckdb.DuckDBPyConnection, cells: Mapping[str, BankCells]) -> None:
        """Append a row for each place of the arrays, by the contract's names of columns; others are not written."""
        values = {column.name: cells[column.name] for column in self._columns}
        arrays = {name: _numbers(column) for name, column in values.items()}
        items = [self._sql(column, values[column.name]) for column in self._columns]
        separator = f" || {text_literal(self._format.delimiter)} || "
        part = self.path.with_suffix(".part")
        connection.register("arrays_of_part", arrays)
        try:
            connection.execute(
                f"COPY (SELECT {separator.join(items)} || CHR(13) FROM arrays_of_part) TO {text_literal(str(part))} "
                "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '')"
            )
            with part.open("rb") as lines, self.path.open("ab") as file:
                shutil.copyfileobj(lines, file, 1 << 20)
        finally:
            connection.unregister("arrays_of_part")
            with suppress(FileNotFoundError):
                part.unlink()
        self.rows += len(next(iter(arrays.values())))

    @property
    def delimiter(self) -> str:
        """The delimiter of cells."""
        return self._format.delimiter

    def append_rows(self, rows: Iterable[Mapping[str, str | date]]) -> None:
        """Append rows of texts and days, by the contract's names of columns; a column without a text is empty."""
        self.append_lines(
            self._format.delimiter.join(self._cell(column, row.get(column.name, "")) for column in self._columns)
            for row in rows
        )

    def append_lines(self, lines: Iterable[str]) -> None:
        """Append records as they are."""
        with self.path.open("ab") as file:
            for line in lines:
                file.write((line + LINE_END).encode(self._format.encoding))
                self.rows += 1

    def first_lines(self, number: int) -> list[str]:
        """The first records after the header."""
        with self.path.open("rb") as file:
            lines = [file.readline() for _ in range(number + 1)]
        return [line.decode(self._format.encoding).removesuffix(LINE_END) for line in lines[1:]]

    def cut_last_row(self) -> None:
        """End the file within the first cell in quotes of its last row, as an interrupted transfer does."""
        size = self.path.stat().st_size
        with self.path.open("r+b") as file:
            file.seek(max(0, size - 1000))
            end = file.read().removesuffix(LINE_END.encode())
            begin = end.rindex(LINE_END.encode())
            file.seek(max(0, size - 1000) + end.index(self._format.quote.encode(), begin) + 3)
            file.truncate()

    def _cell(self, column: Column, cell: str | date) -> str:
        text = cell.strftime(str(column.date_format)) if isinstance(cell, date) else cell
        return self._in_quotes(text) if _is_in_quotes(column) else text

    def _in_quotes(self, text: str) -> str:
        return self._format.quote + text + self._format.quote

    def _sql(self, column: Column, cells: BankCells) -> str:
        name = quoted(column.name)
        if isinstance(cells, CodedTexts):
            texts = ", ".join(text_literal(self._cell(column, text)) for text in cells.texts)
            return f"([{texts}])[1 + {name}]"
        if cells.dtype.kind == "M":
            return f"STRFTIME(DATE '1970-01-01' + CAST({name} AS INTEGER), {text_literal(str(column.date_format))})"
        if column.sql_type == "DECIMAL(18,2)":
            return f"CAST(CAST({name} AS DECIMAL(18, 0)) * 0.01 AS VARCHAR)"
        mark = text_literal(self._format.quote)
        text = f"CASE WHEN {name} = {EMPTY_CELL} THEN '' ELSE CAST({name} AS VARCHAR) END"
        return f"{mark} || {text} || {mark}" if _is_in_quotes(column) else text


def _is_in_quotes(column: Column) -> bool:
    """Texts are in quotes, except for identifiers, which are numbers."""
    return column.logical_type == "string" and not column.name.endswith("_id")


def _numbers(cells: BankCells) -> Array:
    if isinstance(cells, CodedTexts):
        return cells.places
    return cells.astype("datetime64[D]").astype("int32") if cells.dtype.kind == "M" else cells
