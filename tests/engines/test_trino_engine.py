"""Trino's engine below the job: swapped views, and schemas of groups."""

from collections.abc import Iterator
from typing import cast

import pytest
import sqlglot
from sqlglot import exp

from refi_assets.engines.settings import EngineSettings
from refi_assets.engines.trino import TrinoEngine
from refi_assets.lake import Relation
from refi_assets.settings import settings_of
from refi_assets.specs.file_formats import CSV, FileFormat
from tests.engines.deployments import in_force, on_s3
from tests.fakes.aws import Aws
from tests.support.running import DAY


@pytest.fixture
def engine(trino: Aws) -> Iterator[TrinoEngine]:
    deployment = on_s3(trino, "trino")
    with in_force(deployment):
        yield TrinoEngine(deployment.lake, settings_of(EngineSettings).trino_url)


def query(sql: str) -> exp.Query:
    return cast(exp.Query, sqlglot.parse_one(sql, read="athena"))


def test_each_group_other_than_refi_has_its_own_schema(engine: TrinoEngine) -> None:
    keys = ("refi/customer", "silver/customer", "gold/customer")
    for _ in range(2):  # the schemas exist the second time
        session = engine.session([])
        relations = [
            session.create(Relation(key=key, run_id="r1", as_of=DAY, kind="table"), query(f"SELECT '{key}' AS writer"))
            for key in keys
        ]
        engine.publish(relations, {})
    main = engine.connection.schema
    for key, schema in zip(keys, (main, f"{main}_silver", f"{main}_gold"), strict=True):
        assert session.query(query(f"SELECT writer FROM {schema}.customer")) == [{"writer": key}]
    both = "SELECT s.writer AS s, g.writer AS g FROM silver.customer AS s, gold.customer AS g"
    assert session.query(query(both)) == [{"s": "silver/customer", "g": "gold/customer"}]
    engine.keep_only({"r2"})
    assert [row[0] for row in engine.execute("SHOW TABLES")] == ["customer"], (
        "the tables of runs are gone, the view stays"
    )


@pytest.mark.parametrize(
    ("file_format", "data"),
    [
        (CSV, b'id,note\n1,"a, ""b"""\n'),
        (FileFormat(delimiter=";"), b'"id";"note"\r\n1;"a, ""b"""\r\n'),
        (FileFormat(delimiter="|", quote="'", header=False), b"1|'a, \"b\"'\n"),
        (FileFormat(delimiter="\t", quote=""), b'id\tnote\n1\ta, "b"\n'),
    ],
)
def test_text_files_are_shown_by_the_delimiter_the_quote_and_the_header_of_their_contract(
    engine: TrinoEngine, file_format: FileFormat, data: bytes
) -> None:
    engine.lake.put(f"raw/notes/load_date={DAY}/notes.txt", data)
    engine.register_files("notes_csv", ["id", "note"], "raw/notes", DAY, {"note": "A note."}, file_format)
    assert engine.execute("SELECT id, note, load_date FROM notes_csv") == [["1", 'a, "b"', str(DAY)]]


def test_a_table_of_files_in_another_encoding_says_that_it_does_not_decode_them(engine: TrinoEngine) -> None:
    engine.lake.put(f"raw/notes/load_date={DAY}/notes.txt", "id\nŽ\n".encode("cp1250"))
    engine.register_files("notes_csv", ["id"], "raw/notes", DAY, {}, FileFormat(encoding="cp1250"))
    ((created,),) = engine.execute("SHOW CREATE VIEW notes_csv")
    assert "COMMENT 'The files are in cp1250, but this table reads them as UTF-8" in created
