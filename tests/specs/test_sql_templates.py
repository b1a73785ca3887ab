"""SQL templates: each program gets relations of its own, and the filters that it lists."""

from pathlib import Path

import duckdb
import pytest
import sqlglot

from refi_assets.errors import SettingError
from refi_assets.specs.programs import ProgramFile, program_files
from refi_assets.specs.sql_models import DIALECT, load_sql_models
from refi_assets.specs.sql_templates import models_of_program

CUSTOMERS = "SELECT guest.name, guest.age FROM staging.guest AS guest"
ADULT = """-- Of age.
SELECT
    customer.name,
    CASE WHEN customer.age < 18 THEN 'too_young' END AS age
FROM program.customers AS customer
"""
NAMED = """
SELECT
    customer.name,
    CASE WHEN customer.name = 'x' THEN 'no_name' END AS full_name,
    CASE WHEN customer.age > 99 THEN 'too_old' END AS age
FROM program.customers AS customer
"""
TEXTS = {
    "dinner/program/customers": CUSTOMERS,
    "dinner/program/judged": "SELECT failed.name, failed.filter_id, failed.code FROM filters.all AS failed",
    "dinner/program/filters/of_age": ADULT,
    "dinner/program/filters/well_named": NAMED,
    "dinner/seats": "SELECT program.customers FROM staging.table AS program",
}


def program(*filters: str, key: str = "sunday_dinner") -> ProgramFile:
    return ProgramFile(key, "dinner", Path(f"{key}.yaml"), filters)


def texts_of(*filters: str, texts: dict[str, str] = TEXTS, key: str = "sunday_dinner") -> dict[str, str]:
    return {name: text for name, text, _ in models_of_program(program(*filters, key=key), texts, DIALECT)}


def rows_of(chain: str) -> list[tuple[object, ...]]:
    """The rows of the chain for three guests."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA sunday_dinner; CREATE SCHEMA filters")
        connection.execute(
            "CREATE TABLE sunday_dinner.customers AS FROM (VALUES ('x', 5), ('ann', 40), ('bo', 120)) AS t(name, age)"
        )
        for name, text in TEXTS.items():
            if "/filters/" in name:
                own = sqlglot.transpile(text.replace("program.", "sunday_dinner."), read=DIALECT, write="duckdb")[0]
                connection.execute(f"CREATE VIEW filters.{name.rpartition('/')[2]} AS {own}")
        return connection.execute(
            f"FROM ({sqlglot.transpile(chain, read=DIALECT, write='duckdb')[0]}) ORDER BY ALL"
        ).fetchall()


def test_a_program_has_a_relation_for_each_template_and_its_filters_only() -> None:
    assert texts_of("of-age").keys() == {
        *(
            "sunday_dinner/customers",
            "sunday_dinner/judged",
            "sunday_dinner/filters/of_age",
            "sunday_dinner/filters/all",
        )
    }


def test_every_relation_knows_its_file() -> None:
    files = {key: file for key, _, file in models_of_program(program("of-age"), TEXTS, DIALECT)}
    assert files["sunday_dinner/customers"] == "dinner/program/customers"
    assert files["sunday_dinner/filters/of_age"] == "dinner/program/filters/of_age"


def test_program_is_the_group_of_each_program() -> None:
    for key in ("sunday_dinner", "monday_lunch"):
        texts = texts_of("of-age", key=key)
        assert f"FROM {key}.customers AS customer" in texts[f"{key}/filters/of_age"]
        assert all("program." not in text for text in texts.values())


def test_only_the_group_named_program_is_replaced() -> None:
    template = (
        "-- A program.\nSELECT subprogram.x, my_program.y, 'program' AS z "
        "FROM program.a AS subprogram, b.program AS my_program"
    )
    (text,) = texts_of(texts={"dinner/program/other": template}).values()
    assert text == template.replace("FROM program.a", "FROM sunday_dinner.a")


def test_the_chain_numbers_the_filters_in_their_order_and_the_rules_in_theirs() -> None:
    assert rows_of(texts_of("well-named", "of-age")["sunday_dinner/filters/all"]) == [
        ("bo", "well-named", 1, 2, "too_old"),
        ("x", "of-age", 2, 1, "too_young"),
        ("x", "well-named", 1, 1, "no_name"),
    ]
    assert [row[1:3] for row in rows_of(texts_of("of-age", "well-named")["sunday_dinner/filters/all"])] == [
        *(("well-named", 2), ("of-age", 1), ("well-named", 2))
    ]


def test_a_row_may_be_identified_by_any_column() -> None:
    """The chain took the first column for customer_id."""
    assert "judged.name" in texts_of("of-age")["sunday_dinner/filters/all"]


def test_a_filter_of_which_there_is_no_file_is_left_to_the_domain_to_refuse() -> None:
    assert "'not-here'" not in texts_of("of-age", "not-here")["sunday_dinner/filters/all"]


def test_a_program_without_filters_has_no_chain() -> None:
    assert texts_of().keys() == {"sunday_dinner/customers", "sunday_dinner/judged"}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT name FROM", r"filters/of_age.sql cannot be parsed"),
        (
            "DELETE FROM program.customers",
            r"filters/of_age.sql must select the id of a row, and a column for each rule",
        ),
        ("SELECT customer.name FROM program.customers AS customer", r"must select the id of a row, and a column"),
    ],
)
def test_a_filter_that_is_not_a_query_of_an_id_and_rules_is_refused_with_its_file(sql: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        texts_of("of-age", texts=TEXTS | {"dinner/program/filters/of_age": sql})


@pytest.mark.parametrize("program_file", program_files().values(), ids=program_files())
def test_the_chain_of_a_shipped_program_reads_its_filters_and_no_others(program_file: ProgramFile) -> None:
    model = load_sql_models()[f"{program_file.key}/judged"]
    names = {name.replace("-", "_") for name in program_file.filters}
    assert {part.name for part in model.parts_read} == {"all", *names}
    assert set(model.inputs) == {f"{program_file.key}/customers"}
