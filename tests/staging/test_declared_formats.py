"""Sources whose contract declares the format of their files: what is read, what is quarantined, what is refused."""

import csv
import gzip
import io
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import SourceError
from refi_assets.ingestion.snapshots import require_columns
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.contracts import Contract, load_contracts
from tests.support.sources import Sources, StagedSource

BANK = Path(os.environ.get("REFI_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data") / "bank"
HEADER = "disp_id;client_id;account_id;type"


def disposition(**changes: Any) -> Contract:
    """The contract of dispositions (disp_id, client_id, account_id, type), with a changed format."""
    return with_format(load_contracts()["disposition"], **changes)


def with_format(contract: Contract, **changes: Any) -> Contract:
    return replace(contract, file_format=replace(contract.file_format, **changes))


def stage(sources: Sources, data: bytes, contract: Contract) -> StagedSource:
    """Stage dispositions by a contract."""
    sources.contracts[contract.source] = contract
    return sources.stage_folder(contract.source, sources.new_folder({"disp.asc": data}))


def rows(staged: StagedSource) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in staged.accepted]


ROWS = [("1", "5", "7", "owner"), ("2", "a;,|b", "8", "disponent")]


@pytest.mark.parametrize(
    ("changes", "data"),
    [
        ({}, b'"disp_id";"client_id";"account_id";"type"\r\n1;5;7;"OWNER"\r\n2;"a;,|b";8;DISPONENT\r\n'),
        ({}, b'\xef\xbb\xbfdisp_id;client_id;account_id;type\n1;5;7;OWNER\n2;"a;,|b";8;DISPONENT'),
        ({"delimiter": "\t"}, b"disp_id\tclient_id\taccount_id\ttype\n1\t5\t7\tOWNER\n2\ta;,|b\t8\tDISPONENT\n"),
        (
            {"delimiter": "|", "quote": "'"},
            b"disp_id|client_id|account_id|type\n'1'|5|7|OWNER\n2|'a;,|b'|8|DISPONENT\n",
        ),
        (
            {"delimiter": "\t", "quote": ""},
            b"disp_id\tclient_id\taccount_id\ttype\n1\t5\t7\tOWNER\n2\ta;,|b\t8\tDISPONENT\n",
        ),
        ({"delimiter": "~"}, b"TYPE~Account ID~disp_id~client_id~more\nOWNER~7~1~5~\nDISPONENT~8~2~a;,|b~x\n"),
    ],
    ids=["CRLF, quoted", "BOM, no last line end", "tabs", "pipes and single quotes", "never quoted", "other order"],
)
def test_files_are_read_by_the_delimiter_and_the_quote_of_the_contract(
    sources: Sources, changes: dict[str, Any], data: bytes
) -> None:
    staged = stage(sources, data, disposition(**changes))
    assert (rows(staged), staged.reasons) == (ROWS, [])
    assert staged.files[0].read_key == staged.files[0].key, "a file with the right line ends is read without a copy"


def test_quotes_and_line_breaks_in_cells_are_kept(sources: Sources) -> None:
    staged = stage(sources, f'{HEADER}\n1;"say ""hi""";"two\nlines";OWNER\n'.encode(), disposition())
    assert rows(staged) == [("1", 'say "hi"', "two\nlines", "owner")]
    without_quotes = disposition(quote="")
    staged = stage(sources, f'{HEADER}\n1;"say ""hi""";it\'s 6";OWNER\n'.encode(), without_quotes)
    assert rows(staged) == [("1", '"say ""hi"""', "it's 6\"", "owner")], "without a quote, quotes are data"


def test_malformed_records_are_kept_and_say_what_the_contract_declares(sources: Sources) -> None:
    lines = [HEADER, "1;5;7;OWNER", "2,5,7,OWNER", '3;"5;7;OWNER', "4;5;7;OWNER;", '5;5;7;"OWN']
    staged = stage(sources, "\r\n".join(lines).encode(), disposition())
    assert rows(staged) == [("1", "5", "7", "owner")]
    assert [(row["record_number"], row["problem"], row["original_bytes"]) for row in staged.quarantine] == [
        (2, "1 fields instead of 4; the contract declares semicolons (;)", b"2,5,7,OWNER"),
        (3, 'broken quoting; the contract declares the quote "', b'3;"5;7;OWNER'),
        (4, "5 fields instead of 4; the contract declares semicolons (;)", b"4;5;7;OWNER;"),
        (5, 'broken quoting; the contract declares the quote "', b'5;5;7;"OWN'),
    ]
    assert {cause.shape for cause in staged.counts.causes} == {"9,9,9,AAAAA", '"9', "9;9;9;AAAAA;"}


def test_an_encoding_is_decoded_and_malformed_records_keep_their_bytes(sources: Sources) -> None:
    text = f"{HEADER}\n1;Žižkov;Łódź;OWNER\n2;Ž;7\n3;\x81;7;OWNER\n".replace("\x81", "?")
    data = text.encode("cp1250").replace(b"3;?", b"3;\x81\x8e")  # 81 is no character of cp1250
    headerless = numbered(disposition(encoding="cp1250", header=False), 1, 2, 3, 4)
    for contract, file in ((disposition(encoding="cp1250"), data), (headerless, data.partition(b"\n")[2])):
        staged = stage(sources, file, contract)
        assert rows(staged) == [("1", "Žižkov", "Łódź", "owner")]
        assert [(row["problem"], row["original_bytes"]) for row in staged.quarantine] == [
            ("3 fields instead of 4; the contract declares semicolons (;)", b"2;\x8e;7"),
            ("not cp1250", b"3;\x81\x8e;7;OWNER"),
        ]


def test_one_file_is_other_text_in_other_encodings_and_nothing_is_guessed(sources: Sources) -> None:
    data = f"{HEADER}\n1;\u00e9;7;OWNER\n".encode()  # C3 A9 in UTF-8
    assert rows(stage(sources, data, disposition()))[0][1] == "é"
    assert rows(stage(sources, data, disposition(encoding="iso8859-1")))[0][1] == "Ã©"
    assert rows(stage(sources, data, disposition(encoding="cp1250")))[0][1] == "Ă©"


def numbered(contract: Contract, *numbers: int) -> Contract:
    columns = zip(contract.columns, numbers, strict=True)
    return replace(contract, columns=tuple(replace(column, number=number) for column, number in columns))


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\r\n\n"])
def test_a_file_without_a_header_is_read_by_the_numbers_of_its_columns(sources: Sources, start: bytes) -> None:
    contract = numbered(disposition(header=False), 5, 1, 2, 4)
    data = start + b'5;7;"?";OWNER;1\n5;7;OWNER;1\n\n6;"8";x;DISPONENT;2\n'
    staged = stage(sources, data, contract)
    assert rows(staged) == [("1", "5", "7", "owner"), ("2", "6", "8", "disponent")]
    assert [(number, reason) for number, reason, _ in staged.reasons] == [(2, "malformed_row")]
    assert staged.files[0].columns == ("client_id", "account_id", "", "role", "disposition_id")


def test_a_compressed_file_is_read_in_the_declared_format_as_well(sources: Sources) -> None:
    folder = sources.new_folder({"DISP.asc.gz": f"{HEADER}\n1;5;7;OWNER\n".encode()})
    staged = sources.stage_folder("disposition", folder)
    assert rows(staged) == [("1", "5", "7", "owner")]
    (key,) = [file.key for file in staged.files]
    assert key.endswith("/DISP.asc.gz")
    stored = Path(sources.lake.target(key)).read_bytes()
    assert stored == (folder / "DISP.asc.gz").read_bytes(), "the raw zone keeps the file as it came"
    assert gzip.decompress(stored).startswith(b"disp_id;")


def test_null_marks_read_as_empty_in_any_column_and_are_kept_in_quarantine(sources: Sources) -> None:
    contract = load_contracts()["district"]
    names = [column.file_name for column in contract.columns]
    numbers = ["1"] * (len(names) - 3)

    def line(*cells: str) -> str:
        return ";".join(cells) + "\n"

    data = line(*names) + line("1", "A", "R", *numbers)
    data += line("2", "B", "R", *numbers[:-2], " ? ", '"?"') + line("3", "C", "R", *numbers[:-1], "??")
    data += line("?", "D", "R", *numbers[:-1], "?") + line("5", "E?", "R", *numbers)
    staged = sources.stage_folder("district", sources.new_folder({"district.asc": data.encode()}))
    assert staged.column("district_id") == ["1", "2", "5"]
    assert [(row["crimes_1995"], row["crimes_1996"]) for row in staged.accepted] == [(1, 1), (None, None), (1, 1)]
    assert staged.column("name") == ["A", "B", "E?"], "a mark is a whole cell"
    assert staged.reasons == [(3, "not_a_number", "crimes_1996"), (4, "missing_key", "district_id")]
    assert staged.quarantine[1]["original_cells"]["crimes_1996"] == "?"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *(("700101", date(1970, 1, 1)), ("691231", date(2069, 12, 31)), ("991231", date(1999, 12, 31))),
        *(("000229", date(2000, 2, 29)), (" 930705 ", date(1993, 7, 5)), ("930229", None), ("931301", None)),
        *(
            ("93070", None),
            ("9307055", None),
            ("1993-07-05", None),
            ("930705 00:00:00", None),
            ("\u0669\u06630705", None),
        ),
    ],
)
def test_a_year_of_two_digits_is_one_of_the_hundred_from_the_declared_one(
    sources: Sources, written: str, read: date | None
) -> None:
    data = f"account_id;district_id;frequency;date\n1;5;poplatek tydne;{written}\n2;5;poplatek tydne;930101\n"
    staged = sources.stage_folder("account", sources.new_folder({"account.asc": data.encode()}))
    assert staged.column("opened_on") == [*([read] if read else []), date(1993, 1, 1)]
    assert staged.reasons == ([] if read else [(1, "not_a_date", "opened_on")])


@pytest.mark.parametrize(
    ("date_format", "from_year", "written"),
    [
        ("%d.%m.%Y", None, {"05.07.1993": date(1993, 7, 5), "5.7.1993": None, "05x07x1993": None}),
        ("%y%m%d", 1921, {"210101": date(1921, 1, 1), "201231": date(2020, 12, 31)}),
        ("%y%m%d", 2000, {"000101": date(2000, 1, 1), "991231": date(2099, 12, 31)}),
        (
            "%y%m%d %H:%M:%S",
            1970,
            {"931107 00:00:00": date(1993, 11, 7), "931107 23:59:59": date(1993, 11, 7), "931107 24:00:00": None}
            | {"931107": None, "931107 12:60:00": None, "931107  00:00:00": None, "931107T00:00:00": None},
        ),
    ],
)
def test_dates_are_read_in_the_declared_format_only(
    sources: Sources, date_format: str, from_year: int | None, written: dict[str, date | None]
) -> None:
    account = load_contracts()["account"]
    columns = (
        replace(column, date_format=date_format, two_digit_years_from=from_year) if column.date_format else column
        for column in account.columns
    )
    sources.contracts["account"] = replace(account, columns=tuple(columns))
    lines = [f"{number};5;poplatek tydne;{text}" for number, text in enumerate(written)]
    data = "\n".join(["account_id;district_id;frequency;date", *lines]).encode()
    staged = sources.stage_folder("account", sources.new_folder({"account.asc": data}))
    assert staged.column("opened_on") == [day for day in written.values() if day]
    assert [number - 1 for number, *_ in staged.reasons] == [n for n, day in enumerate(written.values()) if not day]


def test_a_parquet_file_has_dates_or_texts_in_the_declared_format_and_no_null_marks(sources: Sources) -> None:
    rest = "5 AS district_id, 'poplatek tydne' AS frequency"
    data = {
        "a.parquet": f"SELECT '1' AS account_id, DATE '1993-01-01' AS date, {rest}",
        "b.parquet": f"SELECT '2' AS account_id, '930102' AS date, {rest}",
        "c.parquet": f"SELECT '3' AS account_id, '1993-01-03' AS date, {rest}",
    }
    sources.contracts["account"] = with_format(load_contracts()["account"], null_marks=("1",))
    staged = sources.stage("account", {name: sources.parquet(select) for name, select in data.items()})
    assert staged.column("account_id") == ["1", "2"]
    assert staged.column("opened_on") == [date(1993, 1, 1), date(1993, 1, 2)]
    assert [(row["file"][-9:], row["reason"]) for row in staged.quarantine] == [("c.parquet", "not_a_date")]


@pytest.mark.parametrize(
    ("changes", "data", "message"),
    [
        ({}, "disp_id,client_id,account_id,type\n", "separated by commas; the contract declares semicolons (;)"),
        ({"quote": "'"}, '"disp_id";"client_id";"account_id";"type"\n', "separated by semicolons (;), quoted by '"),
        ({}, "1;5;7;OWNER\n", "no header: its first line looks like a row of data; expected column names: disp_id"),
        (
            {"encoding": "cp1250"},
            "\ufeffdisp_id;client_id\n",
            "a byte order mark of Unicode, but the contract declares cp1250",
        ),
        ({}, "\ufeffdisp_id;client_id\n".encode("utf-16-le"), "it is UTF-16; the contract declares text separated by"),
        ({}, gzip.compress(b"disp_id", mtime=0), "it is compressed with gzip; the contract declares text separated by"),
        (
            {},
            "disp_id;client_id;type\n1;2;3\n",
            "column 'account_id' is missing; found: disp_id, client_id, type; expected",
        ),
        (
            {},
            'disp_id;"client_id;account_id;type\n1',
            "its quoting is broken or it does not end; the contract declares",
        ),
        (
            {"header": False},
            f"{HEADER}\n1;5;7;OWNER\n",
            "its first line has names of columns, but the contract declares no header",
        ),
        ({}, "disp_id;Disp ID;client_id;account_id;type\n", "are both disposition_id; keep one of them"),
        ({}, "", "the file is empty"),
    ],
)
def test_a_file_that_is_not_in_the_declared_format_is_refused(
    sources: Sources, changes: dict[str, Any], data: str | bytes, message: str
) -> None:
    contract = disposition(**changes)
    if not contract.file_format.header:
        contract = numbered(contract, 1, 2, 3, 4)
    sources.contracts["disposition"] = contract
    folder = sources.new_folder({"disp.asc": data if isinstance(data, bytes) else data.encode()})
    with pytest.raises(SourceError) as refused:
        require_columns(contract, sources.scan("disposition", folder)[0])
    assert message in str(refused.value)
    assert str(refused.value).startswith("raw/disposition/load_date=2026-02-20/disp.asc: ")


def test_a_header_may_have_the_contracts_own_names_and_a_check_reports_it(sources: Sources) -> None:
    staged = stage(sources, b"disposition_id;Client_ID;account_id;role\n1;5;7;OWNER\n", disposition())
    assert rows(staged) == [("1", "5", "7", "owner")]
    assert staged.files[0].respelled == {
        "disposition_id": "disp_id",
        "Client_ID": "client_id",
        "role": "type",
    }


def parsed(data: bytes) -> Iterable[list[str]]:
    return csv.reader(io.StringIO(data.decode(), newline=""), delimiter=";")


@pytest.mark.skipif(not BANK.is_dir(), reason="the Berka bank is missing: set REFI_SHARED_DATA")
def test_the_bank_of_1999_is_read_but_for_the_record_that_was_cut(sources: Sources) -> None:
    """trans.asc of the Berka bank ends in mid quote. Counts are those of Python's csv module."""
    for source, contract in load_contracts().items():
        if contract.domain != "banking":
            continue
        (name,) = contract.file_format.names
        data = (BANK / name).read_bytes()
        staged = sources.stage_folder(source, sources.new_folder({name: data}))
        header, *records = parsed(data)
        cut = [record for record in records if len(record) != len(header)]
        assert staged.counts.accepted == len(records) - len(cut), source
        last = data.rpartition(b"\r\n")[2]
        assert [row["original_bytes"] for row in staged.quarantine] == ([last] if cut else [])
        assert (staged.counts.nulled, staged.counts.emptied) == ({}, {})
    assert cut == [["3526882", "11021", "940331", "PRIJE"]], "transactions are the last source"
