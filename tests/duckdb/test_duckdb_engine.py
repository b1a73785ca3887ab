"""DuckDB's engine: it reads relations back, applies settings, leaves nothing behind, and no error quotes a cell."""

import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.engines.duckdb_sql import path_literal, text_literal
from refi_assets.errors import EngineError
from refi_assets.lake import FolderStore, Relation

CELL = "Jane Doe 555-1234"


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


@pytest.fixture
def session(lake: FolderStore) -> Iterator[DuckDBSession]:
    with DuckDBEngine(lake).session() as opened:
        yield opened


@pytest.fixture
def spills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Path]]:
    """Puts temporary folders into the test's own; returns a function that lists them."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return lambda: list(folder.iterdir())


def query(sql: str) -> exp.Query:
    parsed = sqlglot.parse_one(sql, read="athena")
    assert isinstance(parsed, exp.Query)
    return parsed


def relation(key: str, run_id: str = "r1", **fields: object) -> Relation:
    kind = "table" if "parquet" in fields else "view" if "sql" in fields else "files"
    return Relation.model_validate({"key": key, "run_id": run_id, "as_of": date(2026, 2, 20), "kind": kind, **fields})


LOANS = "SELECT 'L2' AS loan_id, CAST(6.5 AS DECIMAL(9,6)) AS rate UNION ALL SELECT 'L1', NULL"


def write_loans(lake: FolderStore, run_id: str = "r1") -> Relation:
    """A table with two loans, written in a separate session."""
    with DuckDBEngine(lake).session() as session:
        loans = session.create(relation("refi/loans", run_id), query(LOANS))
    assert (loans.rows, loans.columns) == (2, {"loan_id": "VARCHAR", "rate": "DECIMAL(9,6)"})
    assert lake.find(f"runs/{run_id}/refi/loans/data.parquet")
    return loans


def create_cells(session: DuckDBSession, numbers: int) -> None:
    """Create a table with so many numbers, then a cell that is not a number."""
    session.execute(
        f"CREATE TABLE cells AS SELECT CASE WHEN row < {numbers} THEN row::VARCHAR ELSE '{CELL}' END AS cell "
        f"FROM range({numbers + 1}) AS numbers (row)"
    )


FAILING_CAST = "SELECT CAST(cell AS INTEGER) AS number FROM cells"


@pytest.mark.parametrize("rows", [0, 1_000_000], ids=["first cell", "late cell"])
@pytest.mark.parametrize(
    "run",
    [
        lambda session, path: session.query(query(FAILING_CAST)),
        lambda session, path: session.execute(FAILING_CAST),
        lambda session, path: session.value(FAILING_CAST),
        lambda session, path: session.create(relation("refi/x"), query(FAILING_CAST)),
        lambda session, path: session.copy(FAILING_CAST, path, "FORMAT csv"),
    ],
    ids=["query", "execute", "value", "create", "copy"],
)
def test_an_error_about_a_cell_does_not_quote_it(
    session: DuckDBSession, tmp_path: Path, run: Callable[[DuckDBSession, str], object], rows: int
) -> None:
    """DuckDB computes the end of a large result only during the fetch, and fails only then."""
    create_cells(session, rows)
    with pytest.raises(EngineError, match="Its message is withheld") as refused:
        run(session, str(tmp_path / "out"))
    assert "Jane" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    "sql",
    [
        *("SELECT error(cell) FROM cells", "SELECT (SELECT cell FROM cells)", "SELECT strptime(cell, '%Y') FROM cells"),
        *("SELECT regexp_matches('a', cell || '(') FROM cells", "SELECT cell::JSON FROM cells"),
        *(
            "SELECT cell::DECIMAL(9,6) FROM cells",
            "SELECT cell::BOOLEAN FROM cells",
            "SELECT date_trunc(cell, now()) FROM cells",
        ),
        "CREATE TABLE keys (cell VARCHAR PRIMARY KEY); INSERT INTO keys SELECT c.cell FROM cells AS c, range(2)",
    ],
)
def test_no_error_about_a_cell_quotes_it(session: DuckDBSession, sql: str) -> None:
    session.execute(f"CREATE TABLE cells AS SELECT unnest(['{CELL}', 'Jane Doe']) AS cell")
    with pytest.raises(EngineError, match="The statement began: ") as refused:
        session.execute(sql)
    assert "Jane" not in "".join(traceback.format_exception(refused.value))


def test_the_columns_of_a_file_without_a_header_are_not_quoted(session: DuckDBSession) -> None:
    """The first borrower is then the header, which DuckDB would suggest instead of a missing column."""
    session.execute(f'CREATE TABLE cells ("{CELL}" VARCHAR)')
    with pytest.raises(EngineError, match='Referenced column "Jane_Doe" not found') as refused:
        session.execute("SELECT Jane_Doe FROM cells")
    assert CELL not in str(refused.value)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM range(1)", 'DuckDB: Binder Error: Referenced column "nope" not found in FROM clause!'),
        ("SELECT 1 FROM nope", "DuckDB: Catalog Error: Table with name nope does not exist!"),
        ("SELEC 1", 'DuckDB: Parser Error: syntax error at or near "SELEC"'),
        ("FROM read_parquet('/nope')", 'DuckDB: IO Error: No files found that match the pattern "/nope"'),
    ],
)
def test_an_error_about_the_statement_says_what_is_wrong_in_one_line(
    session: DuckDBSession, sql: str, message: str
) -> None:
    with pytest.raises(EngineError) as refused:
        session.execute(sql)
    assert str(refused.value) == message


def test_a_query_too_large_for_memory_says_so(lake: FolderStore) -> None:
    with (
        DuckDBEngine(lake, threads=1, memory_limit="20MB").session() as session,
        pytest.raises(EngineError, match=r"^DuckDB: 20MB of memory was not enough\. .*REFI_MEMORY_LIMIT"),
    ):
        session.execute("SELECT length(string_agg(i::VARCHAR, ',')), list(i) FROM range(20000000) AS t (i)")


@pytest.mark.parametrize("threads", [1, 3])
def test_memory_and_threads_reach_duckdb(lake: FolderStore, threads: int) -> None:
    with DuckDBEngine(lake, threads=threads, memory_limit="1.5GiB").session() as session:
        limits = session.execute("SELECT current_setting('memory_limit'), current_setting('threads')")
    assert limits == [("1.5 GiB", threads)]


def test_the_default_is_two_and_a_half_gigabytes_and_a_thread_per_core(lake: FolderStore) -> None:
    cores = "SELECT current_setting('threads')"
    with DuckDBEngine(lake).session() as session:
        assert session.execute(cores) == duckdb.connect().execute(cores).fetchall()
        assert session.value("SELECT current_setting('memory_limit')") == "2.3 GiB"  # 2.5 GB


def test_the_spill_folder_is_deleted_when_the_session_closes(
    lake: FolderStore, spills: Callable[[], list[Path]]
) -> None:
    with DuckDBEngine(lake).session() as session:
        [folder] = spills()
        assert session.value("SELECT current_setting('temp_directory')") == str(folder)
        (folder / "spilled.tmp").write_text("rows")
    assert spills() == []


def test_the_spill_folder_is_deleted_when_a_query_fails(lake: FolderStore, spills: Callable[[], list[Path]]) -> None:
    with pytest.raises(EngineError), DuckDBEngine(lake).session() as session:
        session.execute("SELEC")
    assert spills() == []


def test_the_spill_folder_is_deleted_when_a_relation_cannot_be_read(
    lake: FolderStore, spills: Callable[[], list[Path]]
) -> None:
    gone = relation("refi/gone", parquet="gone.parquet")
    with (
        pytest.raises(EngineError, match=r"No files found .*gone\.parquet") as refused,
        DuckDBEngine(lake).session([gone]) as session,
    ):
        session.query(query("SELECT 1 FROM refi.gone"))
    assert spills() == [], "at once, not when the error and its frames are garbage-collected"
    assert refused.tb


def test_a_table_and_its_views_can_be_read(lake: FolderStore) -> None:
    loans = write_loans(lake)
    dear = relation(
        "refi/dear", sql="SELECT loans.loan_id FROM refi.loans WHERE REGEXP_LIKE(loans.loan_id, '^L') LIMIT 1"
    )
    again = relation("refi/again", sql="SELECT dear.loan_id || '!' AS loud FROM refi.dear")
    with DuckDBEngine(lake).session([loans, dear, again]) as session:
        assert session.query(query("SELECT * FROM refi.loans")) == [
            {"loan_id": "L2", "rate": Decimal("6.5")},
            {"loan_id": "L1", "rate": None},
        ]
        assert session.query(query("SELECT loud FROM refi.again")) == [{"loud": "L2!"}]
        assert session.query(query("SELECT loud FROM refi.again WHERE loud = 'none'")) == []
        assert session.columns(query("SELECT rate, loan_id FROM refi.loans")) == {
            "rate": "DECIMAL(9,6)",
            "loan_id": "VARCHAR",
        }


def test_two_groups_may_each_have_a_relation_of_the_same_name(lake: FolderStore) -> None:
    """Even a group whose name is a keyword of SQL."""
    groups = ("bronze", "silver", "order")
    with DuckDBEngine(lake).session() as session:
        for group in groups:
            session.create(relation(f"{group}/customer"), query(f"SELECT '{group}' AS tier"))
        tiers = ", ".join(f'"{group}".customer AS c{number}' for number, group in enumerate(groups))
        assert session.query(query(f"SELECT c0.tier AS a, c1.tier AS b, c2.tier AS c FROM {tiers}")) == [
            {"a": "bronze", "b": "silver", "c": "order"}
        ]


def test_a_session_can_read_a_relation_that_it_just_created(lake: FolderStore) -> None:
    with DuckDBEngine(lake).session() as session:
        session.create(relation("refi/x"), query("SELECT 2 AS a"))
        assert session.query(query("SELECT a FROM refi.x")) == [{"a": 2}]


def test_a_relation_that_is_not_read_is_not_opened(lake: FolderStore) -> None:
    with DuckDBEngine(lake).session([relation("refi/gone", parquet="gone.parquet")]) as session:
        assert session.query(query("SELECT 1 AS a")) == [{"a": 1}]


def test_a_relation_of_files_alone_has_no_view(lake: FolderStore) -> None:
    with (
        pytest.raises(EngineError, match=r'Table with name "raw\.loans" does not exist'),
        DuckDBEngine(lake).session([relation("raw/loans")]) as session,
    ):
        session.query(query("SELECT 1 FROM raw.loans"))


def test_a_table_in_several_files_or_in_none_is_read_whole(lake: FolderStore) -> None:
    """Parallel engines write such tables: a folder of files without an extension, some of them empty."""
    write_loans(lake, "other")
    for name in ("part_1", "part_2"):
        lake.put(f"tables/q1/{name}", (lake.root / "runs/other/refi/loans/data.parquet").read_bytes())
    lake.put("tables/q1/part_3", b"")
    some = relation("refi/some", parquet="tables/q1/", columns={"rate": "DECIMAL(9,6)"})
    none = relation("refi/none", parquet="tables/q2/", columns={"rate": "DECIMAL(9,6)", "why": "VARCHAR[]"})
    with DuckDBEngine(lake).session([some, none]) as session:
        assert session.query(query("SELECT COUNT(*) AS n, SUM(rate) AS rates FROM refi.some")) == [
            {"n": 4, "rates": Decimal("13")}
        ]
        assert session.query(query("SELECT rate FROM refi.none")) == []
        assert session.columns(query("SELECT * FROM refi.none")) == none.columns


@pytest.mark.parametrize(
    "folder", ["load_date=2026-02-20", "o'clock", "a*b", "wh?t", "[a]", "{a,b}", 'quo"te', "back\\slash", "Zoë 日本"]
)
def test_a_tables_folder_may_have_any_name(lake: FolderStore, folder: str) -> None:
    """A folder next to it has a name that would match as a pattern; a folder `x=y` adds no column."""
    written = (lake.root / str(write_loans(lake).parquet)).read_bytes()
    for place in ("aXb", folder):
        Path(lake.target(f"{place}/loans.parquet")).write_bytes(written)
    loans = relation("refi/loans", parquet=f"{folder}/loans.parquet")
    with DuckDBEngine(lake).session([loans]) as session:
        assert session.query(query("SELECT COUNT(*) AS n FROM refi.loans")) == [{"n": 2}]
        assert list(session.columns(query("SELECT * FROM refi.loans"))) == ["loan_id", "rate"]


def test_rows_are_written_in_their_order_by_several_threads(lake: FolderStore) -> None:
    out = lake.url("runs/r1/refi/sorted/data.parquet")
    with DuckDBEngine(lake, threads=4).session() as session:
        session.execute("CREATE TABLE numbers AS SELECT 1999999 - row AS row FROM range(2000000) AS numbers (row)")
        assert session.create(relation("refi/sorted"), query("SELECT row FROM numbers ORDER BY row")).rows == 2_000_000
        misplaced = f"SELECT COUNT(*) FROM read_parquet('{out}', file_row_number = true) WHERE row <> file_row_number"
        assert session.value(misplaced) == 0


TEXTS = [
    "plain",
    "",
    "'",
    "o'clock",
    "''",
    "'; DROP TABLE x; --",
    "\0",
    "a\0b",
    "\0'\0",
    "back\\slash",
    "line\nbreak",
    "Zoë😎",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_literal_equals_its_text(session: DuckDBSession, text: str) -> None:
    assert session.execute(f"SELECT {text_literal(text)}, 1") == [(text, 1)]


@pytest.mark.parametrize("text", TEXTS)
def test_the_literal_of_a_path_without_a_pattern_is_its_text(session: DuckDBSession, text: str) -> None:
    assert session.execute(f"SELECT {path_literal(text)}, 1") == [(text, 1)]


@pytest.mark.parametrize("name", ["star*", "**", "wh?t", "[a-z]", "[!x]", "{a,b}", "o'clock*", "]", "[[]"])
def test_a_path_literal_matches_exactly_one_file(session: DuckDBSession, tmp_path: Path, name: str) -> None:
    for name_beside in ("starry", "what", "a", "b", "o'clocks", "[", "a\\b"):
        (tmp_path / name_beside).write_text("another")
    (tmp_path / name).write_text("mine")
    read = f"SELECT content FROM read_text({path_literal(str(tmp_path / name))})"
    assert session.execute(read) == [("mine",)]


@pytest.mark.parametrize("name", ["\\*", "a\\*", "b*\\*", "\\\\\\*", "a\\[z]*"])
def test_a_name_with_a_backslash_before_a_pattern_is_read_as_itself_or_refused(
    session: DuckDBSession, tmp_path: Path, name: str
) -> None:
    """DuckDB treats a backslash as an escape or as a separator; it must never read the other files."""
    for name_beside in ("a", "ab", "b", "a\\b", "b1\\b"):
        (tmp_path / name_beside).write_text("another")
    (tmp_path / name).write_text("mine")
    try:
        rows = session.execute(f"FROM read_csv({path_literal(str(tmp_path / name))}, header = false)")
    except EngineError:
        return
    assert rows == [("mine",)]


def test_sessions_share_a_database_but_none_of_its_contents(lake: FolderStore) -> None:
    loans = write_loans(lake)
    with DuckDBEngine(lake).session() as first, DuckDBEngine(lake).session([loans]) as second:
        for session, number in ((first, 1), (second, 2)):
            session.execute(
                f"CREATE TABLE same AS SELECT {number} AS n; CREATE TEMP TABLE temporary AS SELECT {number} AS n"
            )
            session.execute(
                f"CREATE MACRO number() AS {number}; CREATE SCHEMA g; CREATE VIEW g.v AS SELECT {number} AS n"
            )
        for session, number in ((first, 1), (second, 2)):
            rows = session.execute("SELECT same.n, temporary.n, number(), v.n FROM same, temporary, g.v")
            assert rows == [(number,) * 4]
        folders = {session.value("SELECT current_setting('temp_directory')") for session in (first, second)}
        assert len(folders) == 1
        assert first.scratch != second.scratch


def test_a_database_that_is_kept_open_survives_between_sessions(
    lake: FolderStore, spills: Callable[[], list[Path]]
) -> None:
    engine = DuckDBEngine(lake)
    with engine.kept_open():
        with engine.session():
            [folder] = spills()
        assert spills() == [folder]
        with engine.session() as session:
            assert session.value("SELECT current_setting('temp_directory')") == str(folder)
    assert spills() == []


def test_of_a_view_only_the_kept_columns_are_stored(lake: FolderStore) -> None:
    loans = write_loans(lake)
    sql = "SELECT loans.loan_id, loans.rate, loans.rate + 1 AS more FROM refi.loans"
    with DuckDBEngine(lake).session([loans]) as session:
        view = session.create(relation("refi/view", sql=sql, inputs={"refi/loans": "r1"}), query(sql))
        kept = session.create(
            relation("refi/kept", sql=sql, kept=("loan_id",), inputs={"refi/loans": "r1"}), query(sql)
        )
        all_rows = [
            {"loan_id": "L1", "rate": None, "more": None},
            {"loan_id": "L2", "rate": Decimal("6.5"), "more": Decimal("7.5")},
        ]
        for name in ("view", "kept"):
            assert session.query(query(f"SELECT * FROM refi.{name} ORDER BY loan_id")) == all_rows
            assert session.query(query(f"SELECT V.RATE FROM refi.{name} AS v WHERE Loan_Id = 'L2'")) == [
                {"rate": Decimal("6.5")}
            ]
            assert session.query(query(f"SELECT loan_id FROM refi.{name} ORDER BY 1")) == [
                {"loan_id": "L1"},
                {"loan_id": "L2"},
            ]
    assert view.parquet is None
    assert duckdb.sql(f"DESCRIBE FROM '{lake.root / str(kept.parquet)}'").fetchall()[0][0] == "loan_id"
    assert list(view.columns) == list(kept.columns) == ["loan_id", "rate", "more"]
