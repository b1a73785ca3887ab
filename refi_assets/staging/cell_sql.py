"""SQL about the cells of one column: which are plainly good, and of any other its value, its fault and its state.

How text is judged is in ingestion/cells.sql; ranges, words and states come from the contract. The statements that use
these expressions are in judge.py.
"""

import re

from refi_assets.engines.duckdb_sql import quoted, text_literal
from refi_assets.ingestion.files import FileColumn
from refi_assets.specs.columns import Column, Range
from refi_assets.staging.declared_dates import declared_date_sql

EMPTY = "empty"  # the fault of a cell that reads as empty, which is not an error
INVISIBLE = "invisible"  # a note: invisible characters were removed from a text
# How a cell of these types is read; null is a bad cell.
_MACROS = {"boolean": "truth", "date": "day_of", "timestamp": "moment_of"}
NOTE_SEPARATOR = "CHR(30)"  # between the notes of a row; within a note it is CHR(31)


class CellSql:
    """Expressions on the cells of a contract's column that a file has.

    A statement computes them in steps, each a column of its own: `raw`, the cell as the file has it; `text`, trimmed
    and without invisible characters; `value`, of the column's type; `fault`, null for a good cell, EMPTY for one that
    reads as empty, otherwise the reason code. `cast` is the value of the raw cell, used for plainly good rows only.
    """

    def __init__(self, column: Column, file_column: FileColumn) -> None:
        self.column, self.raw, self.is_tidy = column, file_column.sql, file_column.is_tidy
        self._null_marks = file_column.null_marks
        self._date_format = None if file_column.has_iso_days else column.date_format
        self.text, self.value, self.fault, self.cast = (
            quoted(f"{step} of {column.name}") for step in ("text", "value", "fault", "cast")
        )
        self.full_name: list[CellSql] = []  # given name and surname, if this is one of them and the file has both

    @property
    def is_typed(self) -> bool:
        """Whether the value is of another type than the text."""
        return self.column.logical_type != "string"

    def text_sql(self) -> str:
        """The trimmed text, null for a null mark.

        Only text loses its invisible characters; any other cell is bad if it has some.
        """
        text = f"cell({self.raw})"
        if not self.is_typed:
            text = f"cell({'visible_name' if self.column.is_name else 'visible'}({self.raw}))"
        return f"CASE WHEN NOT {_is_one_of(text, self._null_marks)} THEN {text} END" if self._null_marks else text

    def cast_sql(self, text: str) -> str:
        """The typed value of a text. DuckDB rounds text half away from zero, whatever the number of digits."""
        if self._date_format:
            return declared_date_sql(text, self._date_format, self.column.two_digit_years_from or 0)
        if self.column.logical_type in _MACROS:
            return f"{_MACROS[self.column.logical_type]}({text})"
        if self.column.logical_type == "integer":
            return f"TRY_CAST(TRY_CAST({text} AS DECIMAL(18, 0)) AS {self.column.sql_type})"
        return f"TRY_CAST({text} AS {self.column.sql_type})"

    # --- Plainly good cells: a comparison takes some nanoseconds, a pattern a hundred ---------------------------------

    def plain_sql(self) -> str:
        """The staged value of a plainly good cell."""
        if self.is_typed:
            return self.cast
        return f"LOWER({self.raw})" if self.column.values else self.raw

    def plainly_good_tests(self) -> list[str]:
        """Cheap tests of the raw cell; if all hold, it is good, and has no state."""
        tests = [] if self.is_tidy else [f"(is_trimmed({self.raw}))"]
        if self.column.logical_type in _MACROS:
            tests.append(f"{self.cast} IS NOT NULL")
        elif self.is_typed:
            tests += self._good_number_tests(self.raw, self.cast)
            tests += [] if self.is_tidy else [f"(is_cast_rightly({self.raw}))"]
        else:
            tests += [] if self.is_tidy else [f"NOT CONTAINS({self.raw}, CHR(0))"]
            tests += [f"(is_visible({self.raw}))", *self._not_empty_tests()]
            tests += [_is_one_of(self.plain_sql(), self.column.values)] if self.column.values else []
        tests += self._no_state_tests()
        if self.column.not_null:
            return [f"{self.raw} IS NOT NULL", *tests]
        return [f"({self.raw} IS NULL OR ({' AND '.join(tests)}))"] if tests else []

    def _good_number_tests(self, text: str, value: str) -> list[str]:
        """Tests of a number and its text; if all hold and the cast is right, the cell is good.

        Rounding keeps the order, and bounds have no more decimals than the column: if the value is strictly inside
        them, so is the text. An integer is not rounded, and may be equal to an inclusive bound.
        """
        column = self.column
        low, high = (">=", "<=") if column.logical_type == "integer" else (">", "<")
        bounds = (
            (low, column.minimum),
            (low, column.plausible and column.plausible.minimum),
            (">", column.exclusive_minimum),
            (high, column.maximum),
            (high, column.plausible and column.plausible.maximum),
            ("<", column.exclusive_maximum),
        )
        tests = [f"{value} {sign} {bound}" for sign, bound in bounds if bound is not None]
        tests += [f"{value} <> {number}" for number in column.missing_values]
        tests += [f"NOT CONTAINS({text}, '.')"] if column.logical_type == "integer" else []
        return [*tests, f"{value} IS NOT NULL"]

    def _not_empty_tests(self) -> list[str]:
        column, raw = self.column, self.raw
        tests = [f"NOT {_is_one_of(raw, column.missing_values)}"] if column.missing_values else []
        if column.missing_words:
            tests.append(f"NOT {_is_one_of(f'UPPER({raw})', column.missing_words)}")
        elif column.is_name:
            tests.append(f"(is_no_spreadsheet_error({raw}))")
            if self.full_name:
                tests.append(f"({_begins_with_none_of(raw, {'n'})} OR UPPER({raw}) <> 'NULL')")
        elif column.missing_words is None:
            tests.append(f"(is_no_word_for_nothing({raw}))")
        return tests

    def _no_state_tests(self) -> list[str]:
        """Only the first two letters of a state's words are compared, since words may be spaced in several ways."""
        states = self.column.states
        tests = [f"{self.cast} > {state.at_most}" for state in states if state.at_most is not None]
        words = [word for state in states for word in state.words]
        if self.column.is_numeric:
            words = [word for word in words if re.match(r"[+\-.\d]", word)]  # no other word passes the number tests
        starts = sorted({word.partition(" ")[0][:2] for word in words})
        if starts:
            no_start = " AND ".join(f"NOT STARTS_WITH(LOWER({self.raw}), {text_literal(start)})" for start in starts)
            tests.append(f"({_begins_with_none_of(self.raw, {start[0] for start in starts})} OR ({no_start}))")
        return tests

    # --- Any other cell -----------------------------------------------------------------------------------------------

    def fault_sql(self) -> str:
        """The reason code of a bad cell, EMPTY for one that reads as empty, null for any other."""
        column, text = self.column, self.text
        empty = f"WHEN {self._reads_as_empty()} THEN {text_literal(EMPTY)}"
        if column.logical_type == "string":
            is_value = _is_one_of(f"LOWER({text})", column.values)
            not_a_value = f" WHEN NOT {is_value} THEN 'not_a_value'" if column.values else ""
            return f"CASE {empty}{not_a_value} END"
        if column.logical_type in _MACROS:
            not_valid = text_literal(f"not_a_{column.logical_type}")
            return f"CASE WHEN {text} IS NULL OR {self.value} IS NOT NULL THEN NULL {empty} ELSE {not_valid} END"
        is_good = " AND ".join([*self._good_number_tests(text, self.value), f"(is_cast_rightly({text}))"])
        is_number = f"{'is_whole' if column.logical_type == 'integer' else 'is_number'}({text})"
        implausible = f" WHEN {self._is_implausible(column.plausible)} THEN 'implausible'" if column.plausible else ""
        return (
            f"CASE WHEN {text} IS NULL OR ({is_good}) THEN NULL {empty} WHEN NOT {is_number} THEN 'not_a_number' "
            f"WHEN {self._is_out_of_range()} THEN 'out_of_range'{implausible} END"
        )

    def _reads_as_empty(self) -> str:
        column, text = self.column, self.text
        if column.missing_words is not None:
            tests = [_is_one_of(f"UPPER({text})", column.missing_words)] if column.missing_words else []
        elif column.is_name:
            tests = [f"is_spreadsheet_error({text})"]
            if self.full_name:  # people are called Null; nobody is called Null Null
                tests.append("(" + " AND ".join(f"UPPER({name.text}) = 'NULL'" for name in self.full_name) + ")")
        else:
            tests = [f"is_word_for_nothing({text})"]
        if column.missing_values and column.is_numeric:
            equals = [f"NOT is_below({text}, {n}) AND NOT is_above({text}, {n})" for n in column.missing_values]
            tests += [f"(is_number({text}) AND {is_equal})" for is_equal in equals]
        elif column.missing_values:
            tests.append(_is_one_of(text, column.missing_values))
        return " OR ".join(tests) or "FALSE"

    def _is_out_of_range(self) -> str:
        bounds = (
            ("is_below", self.column.minimum),
            ("NOT is_above", self.column.exclusive_minimum),
            ("is_above", self.column.maximum),
            ("NOT is_below", self.column.exclusive_maximum),
        )
        tests = [f"{test}({self.text}, {bound})" for test, bound in bounds if bound is not None]
        return " OR ".join([*tests, f"{self.value} IS NULL"])  # null: it has more digits than the column holds

    def _is_implausible(self, plausible: Range) -> str:
        text = self.text
        tests = [f"(is_below({text}, {plausible.minimum}) OR is_above({text}, {plausible.maximum}))"]
        tests += [f"(is_below({text}, {number}) OR is_above({text}, {number}))" for number in plausible.also]
        return " AND ".join(tests)

    def row_fault_whens(self) -> tuple[str, str]:
        """CASE branches by which the cell costs its row: a missing key, and any other fault; empty if none does."""
        column, fault, empty = self.column, self.fault, text_literal(EMPTY)
        missing = f"WHEN {self.text} IS NULL OR {fault} = {empty} THEN {text_literal(f'missing_key {column.name}')}"
        faulty = f"WHEN {fault} <> {empty} THEN {fault} || {text_literal(f' {column.name}')}"
        can_be_bad = column.present and (self.is_typed or column.values)
        return missing if column.not_null else "", faulty if can_be_bad else ""

    def staged_sql(self) -> str:
        """The staged value. The bad cell of a required column costs the row, and is kept for the column's profile."""
        value = self.value if self.is_typed else f"LOWER({self.text})" if self.column.values else self.text
        is_kept = f"{self.fault} IS NULL"
        if self.column.present:
            is_kept = f"COALESCE({self.fault} NOT IN ({text_literal(EMPTY)}, 'not_a_number'), TRUE)"
        return f"CASE WHEN {is_kept} THEN {value} END"

    def state_sql(self) -> str:
        """The name of the state that the cell indicates."""
        whens = []
        for state in self.column.states:
            tests = [_is_one_of(f"spaced({self.text})", state.words)] if state.words else []
            if state.at_most is not None:
                tests.append(f"(is_number({self.text}) AND NOT is_above({self.text}, {state.at_most}))")
            whens.append(f"WHEN {' OR '.join(tests)} THEN {text_literal(state.name)}")
        return f"CASE WHEN {self.text} IS NULL THEN NULL {' '.join(whens)} END"

    def notes(self) -> list[tuple[str, str]]:
        """Tests and notes: that the cell is nulled or reads as empty, and that it lost invisible characters."""
        fault, text, empty = self.fault, self.text, text_literal(EMPTY)
        shown = f"CASE WHEN {fault} = {empty} THEN UPPER({text}) WHEN is_number({text}) THEN {text} END"
        is_nulled = f"{fault} = {empty}" if self.column.present else f"{fault} IS NOT NULL"
        notes = [(is_nulled, self._note(fault, shown))]
        if not self.is_typed:
            has_changed = f"(NOT is_plain({self.raw}) AND cell({self.raw}) IS DISTINCT FROM {text})"
            notes.append((has_changed, self._note(text_literal(INVISIBLE), text_literal(""))))
        return notes

    def _note(self, kind: str, cell: str) -> str:
        return f"CONCAT_WS(CHR(31), {text_literal(self.column.name)}, {kind}, {cell})"


def _is_one_of(text: str, words: tuple[str, ...]) -> str:
    """DuckDB would turn an IN with many words into a join, see cells.sql."""
    return f"LIST_CONTAINS([{', '.join(map(text_literal, words))}], {text})"


def _begins_with_none_of(text: str, letters: set[str]) -> str:
    """Whether a text begins with none of these letters, in either case, by comparisons only."""
    low, ranges = "", []
    for letter in sorted(letters | {letter.upper() for letter in letters}):
        ranges.append(f"({text} >= {text_literal(low)} AND {text} < {text_literal(letter)})")
        low = chr(ord(letter) + 1)
    return " OR ".join([*ranges, f"{text} >= {text_literal(low)}"])
