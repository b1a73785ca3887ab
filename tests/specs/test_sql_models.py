"""SQL models: reading files, and binding parameters as values, never as SQL."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from refi_assets.errors import SettingError
from refi_assets.specs.sql_models import (
    Bindable,
    Parameter,
    SqlModel,
    load_sql_models,
    relations_read,
    with_groups,
)


def pct(text: str) -> Parameter:
    return Parameter(Decimal(text), "DECIMAL(12,6)")


def usd(text: str) -> Parameter:
    return Parameter(Decimal(text), "DECIMAL(18,2)")


ONE_VALUE = SqlModel("test/one_value", "SELECT :value AS value")


def value_and_type(value: Bindable) -> tuple[object, str]:
    """The value and type of a bound parameter in DuckDB."""
    bound = ONE_VALUE.bind({"value": value}).sql("duckdb")
    row = duckdb.sql(f"SELECT value, typeof(value) FROM ({bound})").fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(
    ("key", "inputs", "parameters"),
    [
        ("activation/audience_file", ("refi/refi_audience",), set()),
        ("refi/answers/judged_offers", ("refi/judged_offer", "refi/refi_eligibility"), {"borrower_id"}),
        ("refi/refi_eligibility", ("refi/unified_refi_dataset",), {"letters_per_loan"}),
        ("refi/checks/refi_audience/ltv_within_policy", ("refi/refi_audience",), {"max_ltv_pct"}),
        ("identity/matched_pairs", ("staging/borrower_information",), set()),
        (
            "identity/answers/person_changes",
            ("before_identity/resolved_borrower", "identity/resolved_borrower"),
            set(),
        ),
    ],
)
def test_a_shipped_model_reads_these_relations_with_these_parameters(key: str, inputs: Any, parameters: Any) -> None:
    assert (load_sql_models()[key].inputs, load_sql_models()[key].parameters) == (inputs, parameters)


def test_every_shipped_file_has_a_description() -> None:
    assert [key for key, model in load_sql_models().items() if not model.description] == []


def test_files_are_found_at_any_depth_by_their_path(tmp_path: Path) -> None:
    (tmp_path / "refi" / "checks").mkdir(parents=True)
    (tmp_path / "refi" / "one.sql").write_text("SELECT 1")
    (tmp_path / "refi" / "checks" / "two.sql").write_text("SELECT 'é'", encoding="utf-8")
    (tmp_path / "refi" / "notes.txt").write_text("none")
    models = load_sql_models(tmp_path)
    assert {key: (model.name, model.text) for key, model in models.items()} == {
        "refi/checks/two": ("two", "SELECT 'é'"),
        "refi/one": ("one", "SELECT 1"),
    }


@pytest.mark.parametrize(
    "text",
    [
        *("", "-- only a comment", "SELECT FROM WHERE", "SELEC 1", "SELECT 1; SELECT 2", "DROP TABLE judged"),
        *("INSERT INTO judged SELECT 1", "CREATE TABLE judged AS SELECT 1", "DELETE FROM judged"),
    ],
)
def test_a_file_that_is_not_one_select_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingError, match=r"^sql/refi/odd\.sql (cannot be parsed|must be one SELECT statement)"):
        _ = SqlModel("refi/odd", text).tree


def test_the_head_of_a_file_describes_the_relation_and_its_columns() -> None:
    model = SqlModel(
        "refi/loans",
        "-- Loans that are open.\n"
        "-- Paid ones are left out.\n"
        "-- grain: loan_id\n"
        "--rate_spread: Points: current less offered.\n"
        "-- email_open_last_30d: Opened an email.\n"
        "SELECT 1\n"
        "-- late: no part of the head\n",
    )
    assert model.description == "Loans that are open.\nPaid ones are left out."
    assert model.column_descriptions == {
        "rate_spread": "Points: current less offered.",
        "email_open_last_30d": "Opened an email.",
    }


def test_the_head_declares_the_grain_the_columns_that_are_never_null_and_rules() -> None:
    text = """
-- Loans.
-- grain: loan_id, lien
-- not null: loan_id
-- not personal loan_id, lien: Neither says
--   anything about a person.
-- rule paid_off: Nothing is owed
--   any more: neither principal nor interest.
SELECT 'L1' AS loan_id, 1 AS lien, CASE WHEN loan.paid THEN 'paid_off' END AS reason FROM staging.loan AS loan
"""
    model = SqlModel("refi/x", text.lstrip())
    assert (model.grain, model.not_null) == (["loan_id", "lien"], ["loan_id"])
    assert model.not_personal == dict.fromkeys(("loan_id", "lien"), "Neither says anything about a person.")
    assert model.rules == {"paid_off": "Nothing is owed any more: neither principal nor interest."}
    assert (model.description, model.column_descriptions) == ("Loans.", {})
    with pytest.raises(
        SettingError, match=r"^sql/refi/x\.sql: '-- not null:' names rate, which the query does not select\.$"
    ):
        _ = SqlModel("refi/x", "-- not null: loan_id, rate\nSELECT 'L1' AS loan_id").not_null
    with pytest.raises(SettingError, match="'-- not personal:' names name, which the query does not select"):
        _ = SqlModel("refi/x", "-- not personal name: It is an id.\nSELECT 'L1' AS loan_id").not_personal
    with pytest.raises(SettingError, match=r"^sql/refi/x\.sql: its head lacks the line '-- grain: column, …'\.$"):
        _ = SqlModel("refi/x", "SELECT 1 AS a").grain


def test_a_model_can_read_another_ones_query_instead_of_its_relation() -> None:
    persons = SqlModel("people/person", "-- All.\nSELECT loan.borrower_id FROM staging.loan AS loan")
    model = SqlModel("refi/x", "-- Rows.\n-- grain: a\nSELECT one.borrower_id AS a FROM people.person AS one")
    inlined = model.with_inlined([persons])
    assert (inlined.inputs, inlined.grain, inlined.description) == (("staging/loan",), ["a"], "Rows.")
    assert duckdb.sql(
        "WITH loan AS (SELECT 'B1' AS borrower_id) " + inlined.tree.sql("duckdb").replace("staging.loan", "loan")
    ).fetchall() == [("B1",)]
    assert persons.with_inlined([model]) is persons


@pytest.fixture
def with_parts(tmp_path: Path) -> Path:
    """Two domains that read one feature, each with inputs of its own."""
    files = {
        "ml/features/rate": "-- A rate.\n-- unit percent: rate\n-- rate: In words.\n"
        "SELECT input_row.id, input_row.rate FROM input.row AS input_row",
        "ml/input/row": "SELECT loan.id, loan.rate FROM staging.loan AS loan",
        "ml/rates": "-- Rates.\n-- grain: id\nSELECT rate.id, rate.rate FROM features.rate AS rate",
        "shop/input/row": "SELECT sale.id, sale.price AS rate FROM staging.sale AS sale WHERE sale.day = :as_of",
        "shop/prices": "-- Prices.\n-- grain: id\nSELECT rate.id, rate.rate FROM features.rate",
        "bank/rates": "SELECT rate.id FROM features.rate",
        "bank/others": "SELECT other.id FROM features.other",
    }
    for key, text in files.items():
        path = tmp_path / f"{key}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_feature_reads_the_inputs_of_the_domain_whose_relation_reads_it(with_parts: Path) -> None:
    models = load_sql_models(with_parts)
    assert models["ml/rates"].inputs == ("staging/loan",)
    assert models["shop/prices"].inputs == ("staging/sale",)
    assert [sorted(models[key].parameters) for key in ("ml/rates", "shop/prices")] == [[], ["as_of"]]
    assert [part.key for part in models["shop/prices"].parts_read] == ["ml/features/rate", "shop/input/row"]
    assert models["ml/rates"].text.endswith("FROM features.rate AS rate"), "the file stays as it was"
    assert relations_read(models["ml/features/rate"].own_tree) == {"input/row"}
    rows = "WITH loan AS (SELECT 'L1' AS id, 5 AS rate) " + models["ml/rates"].tree.sql("duckdb")
    assert duckdb.sql(rows.replace("staging.loan", "loan")).fetchall() == [("L1", 5)]


def test_a_change_of_a_part_changes_the_hash_of_what_reads_it(with_parts: Path) -> None:
    before = load_sql_models(with_parts)
    path = with_parts / "ml" / "input" / "row.sql"
    path.write_text(path.read_text() + " WHERE loan.rate > 0")
    load_sql_models.cache_clear()
    after = load_sql_models(with_parts)
    changed = [key for key in before if not key.startswith("bank/") and before[key].sha256 != after[key].sha256]
    assert changed == ["ml/features/rate", "ml/input/row", "ml/rates"]


def test_a_part_that_does_not_exist_is_asked_for_by_its_file(with_parts: Path) -> None:
    models = load_sql_models(with_parts)
    with pytest.raises(
        SettingError,
        match=r"^sql/ml/features/rate\.sql reads input\.row, which is missing; write sql/bank/input/row\.sql",
    ):
        _ = models["bank/rates"].inputs
    with pytest.raises(SettingError, match=r"features\.other.*; write sql/ml/features/other\.sql"):
        _ = models["bank/others"].inputs


def test_parts_that_read_one_another_are_refused(with_parts: Path) -> None:
    (with_parts / "ml" / "input" / "row.sql").write_text("SELECT rate.id, rate.rate FROM features.rate AS rate")
    load_sql_models.cache_clear()
    with pytest.raises(SettingError, match=r"circle: ml/features/rate <- ml/input/row"):
        _ = load_sql_models(with_parts)["ml/rates"].inputs


def test_the_head_declares_units_and_how_the_risk_moves() -> None:
    text = (
        "-- x.\n-- unit USD a month: a, b\n-- unit percent: c\n-- risk rises: a,\n--   c\n-- risk falls: b\n-- a: A.\n"
    )
    model = SqlModel("ml/x", text + "SELECT 1 AS a, 2 AS b, 3 AS c")
    assert model.units == {"a": "USD a month", "b": "USD a month", "c": "percent"}
    assert model.risks == {"a": "rises", "c": "rises", "b": "falls"}
    assert (model.description, model.column_descriptions) == ("x.", {"a": "A."})
    with pytest.raises(
        SettingError, match=r"^sql/ml/x\.sql: '-- unit percent:' names d, which the query does not select"
    ):
        _ = SqlModel("ml/x", "-- unit percent: d\nSELECT 1 AS a").units
    with pytest.raises(SettingError, match=r"^sql/ml/x\.sql: risk rises or falls, not grows\.$"):
        _ = SqlModel("ml/x", "-- risk grows: a\nSELECT 1 AS a").risks


def test_names_inside_a_query_are_not_inputs() -> None:
    text = """
        WITH priced AS (SELECT loan.rate FROM refi.loans AS loan),
        dear AS (SELECT priced.rate FROM priced)
        SELECT dear.rate, (SELECT MAX(offer.rate) FROM silver.offers AS offer) AS best
        FROM dear LEFT JOIN refi.loans AS again ON again.rate = dear.rate
        WHERE EXISTS (SELECT 1 FROM bronze.offers)
    """
    assert SqlModel("refi/x", text).inputs == ("refi/loans", "bronze/offers", "silver/offers")


@pytest.mark.parametrize(
    "text",
    [
        "WITH loans AS (SELECT loan.rate FROM refi.loans AS loan) SELECT loans.rate FROM loans",
        "WITH dear AS (SELECT l.rate FROM refi.loans AS l), loans AS (SELECT 1 AS rate) SELECT dear.rate FROM dear",
        "WITH loans AS (SELECT 1 AS rate) SELECT raw.rate FROM refi.loans AS raw, loans",
    ],
)
def test_a_relation_is_an_input_although_a_name_inside_the_query_is_the_same(text: str) -> None:
    """Names were compared over the whole file, so that such a relation was missed."""
    assert SqlModel("refi/x", text).inputs == ("refi/loans",)


@pytest.mark.parametrize(
    ("text", "invalid"),
    [
        ("SELECT rate FROM loans", "loans"),
        ("WITH loans AS (SELECT loan.rate FROM loans AS loan) SELECT loans.rate FROM loans", "loans AS loan"),
        (
            "WITH dear AS (SELECT loans.rate FROM loans), loans AS (SELECT 1 AS rate) SELECT dear.rate FROM dear",
            "loans",
        ),
        ("SELECT f.rate FROM (WITH loans AS (SELECT 1 AS rate) SELECT loans.rate FROM loans) AS f, loans", "loans"),
        ("SELECT rate FROM lake.refi.loans", "lake.refi.loans"),
        ('SELECT rate FROM "refi/loans"', '"refi/loans"'),
        ("SELECT rate FROM refi.read_csv('loans.csv')", "refi.READ_CSV('loans.csv')"),
    ],
)
def test_a_table_that_is_not_group_relation_is_refused_by_the_files_name(text: str, invalid: str) -> None:
    with pytest.raises(SettingError) as refused:
        _ = SqlModel("refi/x", text).tree
    assert str(refused.value).startswith(
        f"sql/refi/x.sql: {invalid} is not the name of a relation; write group.relation"
    )


@pytest.mark.parametrize(
    ("value", "read", "sql_type"),
    [
        (pct("80"), Decimal("80"), "DECIMAL(12,6)"),
        (pct("-0.000001"), Decimal("-0.000001"), "DECIMAL(12,6)"),
        (pct("1E+2"), Decimal("100"), "DECIMAL(12,6)"),
        (pct("0.1"), Decimal("0.1"), "DECIMAL(12,6)"),
        (usd("1000000.00"), Decimal("1000000.00"), "DECIMAL(18,2)"),
        (usd("99999999.99"), Decimal("99999999.99"), "DECIMAL(18,2)"),
        (usd("-9999999999999999.99"), Decimal("-9999999999999999.99"), "DECIMAL(18,2)"),
        (Parameter(360, "BIGINT"), 360, "BIGINT"),
        (Parameter("O'Hara", "VARCHAR"), "O'Hara", "VARCHAR"),
        (Parameter(None, "DECIMAL(18,2)"), None, "DECIMAL(18,2)"),
        (7, 7, "BIGINT"),
        (-(2**62), -(2**62), "BIGINT"),
        (date(2026, 2, 20), date(2026, 2, 20), "DATE"),
        ("80", "80", "VARCHAR"),
        ("", "", "VARCHAR"),
    ],
)
def test_a_parameter_keeps_its_value_and_its_type(value: Bindable, read: object, sql_type: str) -> None:
    assert value_and_type(value) == (read, sql_type)


@pytest.mark.parametrize(("value", "written"), [("1.25", "1.25"), ("1E+2", "100"), ("1E-6", "0.000001")])
def test_a_bound_number_is_written_as_a_cast_of_its_digits(value: str, written: str) -> None:
    bound = SqlModel("refi/x", "SELECT a FROM refi.t WHERE a > :limit").bind({"limit": pct(value)})
    assert bound.sql("athena") == f"SELECT a FROM refi.t WHERE a > CAST('{written}' AS DECIMAL(12, 6))"


@pytest.mark.parametrize("dialect", ["athena", "trino"])
def test_an_amount_and_a_list_are_written_the_same_for_athena_and_trino(dialect: str) -> None:
    model = SqlModel("refi/x", "SELECT a FROM refi.t WHERE a <= :most AND s IN ('AK', :states) AND s <> :not_here")
    values: dict[str, Bindable] = {
        "most": usd("1E+6"),
        "states": Parameter(("TX", "O'Hara"), "VARCHAR"),
        "not_here": "HI",
    }
    assert model.bind(values).sql(dialect) == (
        "SELECT a FROM refi.t WHERE a <= CAST('1000000' AS DECIMAL(18, 2)) AND "
        "s IN ('AK', CAST('TX' AS VARCHAR), CAST('O''Hara' AS VARCHAR)) AND s <> CAST('HI' AS VARCHAR)"
    )


@pytest.mark.parametrize("condition", ["s = :states", "s IN (UPPER(:states))", "LENGTH(:states) > 1"])
def test_a_list_outside_in_is_refused(condition: str) -> None:
    model = SqlModel("refi/x", f"SELECT s FROM refi.t WHERE {condition}")
    with pytest.raises(SettingError, match=r"^sql/refi/x\.sql: states is a list: .* IN \(:states\)\.$"):
        model.bind({"states": Parameter(("TX", "AK"), "VARCHAR")})


def test_an_empty_list_is_refused() -> None:
    """`NOT IN ()` is not valid SQL, and NOT IN (NULL) would match no row."""
    with pytest.raises(SettingError, match="must have at least one value"):
        SqlModel("refi/x", "SELECT s FROM refi.t WHERE s NOT IN (:states)").bind({"states": Parameter((), "VARCHAR")})


@pytest.mark.parametrize(
    "text",
    [
        *("'; DROP TABLE borrowers; --", "x' OR '1'='1", "''", "'", "\\", "\\'; DROP TABLE borrowers; --", "$$"),
        *(":value", "%s", "{value}", "/* x", "--", 'a"b', "E'\\x27'", "x')) UNION SELECT name FROM borrowers --"),
    ],
)
def test_a_parameter_cannot_inject_sql(text: str) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA refi; CREATE TABLE refi.borrowers AS SELECT 'B1' AS name")
    bound = SqlModel("refi/x", "SELECT name, :value AS value FROM refi.borrowers WHERE name <> :value").bind(
        {"value": text}
    )
    assert connection.execute(bound.sql("duckdb")).fetchall() == [("B1", text)]
    none = SqlModel("refi/x", "SELECT name FROM refi.borrowers WHERE name = :value").bind({"value": text})
    assert connection.execute(none.sql("duckdb")).fetchall() == []
    assert connection.execute("SELECT COUNT(*) FROM refi.borrowers").fetchall() == [(1,)]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_text_parameter_arrives_as_it_was(text: str) -> None:
    assert value_and_type(text) == (text, "VARCHAR")


def test_a_parameter_without_a_value_is_an_error_that_names_it() -> None:
    model = SqlModel("refi/judged", "SELECT :b, :a, :given FROM refi.t")
    with pytest.raises(SettingError, match=r"^sql/refi/judged\.sql: no value for parameter a, b\.$"):
        model.bind({"given": 1})


def test_binding_fills_every_place_and_leaves_the_model_as_it_was() -> None:
    model = SqlModel(
        "refi/x", "SELECT :a + :a AS twice FROM refi.t WHERE :a > 1 AND x IN (SELECT y FROM refi.u WHERE y = :a)"
    )
    assert model.bind({"a": 1, "unused": 2}).sql().count("CAST('1' AS BIGINT)") == 4
    assert model.bind({"a": 2}).sql().count("CAST('2' AS BIGINT)") == 4
    assert model.parameters == {"a"}


def test_column_lineage_goes_through_every_step_to_the_relations() -> None:
    text = """
        WITH priced AS (
            SELECT loan.borrower_id, loan.rate - offer.rate AS spread, loan.loan_id
            FROM refi.loans AS loan INNER JOIN refi.offers AS offer ON offer.home_id = loan.home_id
        ),
        everybody AS (
            SELECT priced.borrower_id, priced.spread FROM priced
            UNION ALL
            SELECT former.id, former.old_spread FROM refi.former_borrowers AS former
        ),
        ranked AS (
            SELECT everybody.borrower_id, everybody.spread,
                ROW_NUMBER() OVER (PARTITION BY everybody.borrower_id ORDER BY everybody.spread) AS choice
            FROM everybody
        )
        SELECT
            ranked.borrower_id AS borrower,
            CASE WHEN ranked.spread > :hot THEN 'hot' ELSE 'cold' END AS tier,
            ranked.choice,
            COUNT(*) AS how_many,
            'fixed' AS kind,
            (SELECT MAX(home.value) FROM refi.homes AS home) AS dearest
        FROM ranked
        GROUP BY ranked.borrower_id, ranked.spread, ranked.choice
    """
    schema = {
        "refi/loans": {"borrower_id": "VARCHAR", "loan_id": "VARCHAR", "rate": "DECIMAL(9,6)", "home_id": "VARCHAR"},
        "refi/offers": {"home_id": "VARCHAR", "rate": "DECIMAL(9,6)"},
        "refi/former_borrowers": {"id": "VARCHAR", "old_spread": "DECIMAL(9,6)"},
        "refi/homes": {"value": "DECIMAL(18,2)"},
    }
    spread = [("refi/former_borrowers", "old_spread"), ("refi/loans", "rate"), ("refi/offers", "rate")]
    borrower = [("refi/former_borrowers", "id"), ("refi/loans", "borrower_id")]
    assert SqlModel("refi/x", text).column_lineage(schema) == {
        "borrower": borrower,
        "tier": spread,
        "choice": sorted([*borrower, *spread]),
        "how_many": [],
        "kind": [],
        "dearest": [("refi/homes", "value")],
    }


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        (  # a CTE's column becomes its expression, in parentheses if necessary
            """
            WITH priced AS (
                SELECT loan.loan_id, loan.rate - offer.rate AS spread  -- as of today
                FROM refi.loans AS loan INNER JOIN refi.offers AS offer ON offer.home_id = loan.home_id
            ),
            ranked AS (SELECT priced.loan_id, priced.spread, priced.spread * 2 AS twice FROM priced)
            SELECT
                ranked.loan_id,
                ranked.spread,
                CASE WHEN ranked.spread > :hot AND ranked.loan_id IS NOT NULL
                    THEN 'hot' END AS tier,
                COALESCE(ranked.twice, 0) AS twice
            FROM ranked
            """,
            {
                "loan_id": "loans.loan_id",
                "spread": "loans.rate - offers.rate",
                "tier": "CASE WHEN (loans.rate - offers.rate) > :hot AND loans.loan_id IS NOT NULL THEN 'hot' END",
                "twice": "COALESCE(((loans.rate - offers.rate) * 2), 0)",
            },
        ),
        (  # a relation that is read twice has its aliases
            "SELECT was.rate - now_is.rate AS fall, 'x' AS kind "
            "FROM refi.loans AS was JOIN refi.loans AS now_is ON TRUE",
            {"fall": "was.rate - now_is.rate", "kind": "'x'"},
        ),
        (
            "WITH loans AS (SELECT loan.rate + 1 AS rate FROM refi.loans AS loan) SELECT loans.rate FROM loans",
            {"rate": "loans.rate + 1"},
        ),
        (
            "SELECT l.loan_id AS id FROM refi.loans AS l UNION ALL SELECT offer.home_id FROM refi.offers AS offer",
            {"id": "SELECT loans.loan_id UNION ALL SELECT offers.home_id"},
        ),
        (
            "SELECT best.rate FROM (SELECT MIN(offer.rate) AS rate FROM refi.offers AS offer) AS best",
            {"rate": "MIN(offers.rate)"},
        ),
        (  # the name of another domain's relation includes the group
            "SELECT l.rate - silver.rate AS fall FROM refi.loans AS l JOIN silver.loans AS silver ON TRUE",
            {"fall": "loans.rate - silver.loans.rate"},
        ),
    ],
)
def test_the_expression_of_a_column_is_one_line_in_terms_of_relations(text: str, expressions: dict[str, str]) -> None:
    schema = {
        "refi/loans": {"loan_id": "VARCHAR", "rate": "DECIMAL(9,6)", "home_id": "VARCHAR"},
        "refi/offers": {"home_id": "VARCHAR", "rate": "DECIMAL(9,6)"},
        "silver/loans": {"rate": "DECIMAL(9,6)"},
    }
    assert SqlModel("refi/x", text).column_expressions(schema) == expressions


def test_two_groups_may_use_one_name() -> None:
    text = "SELECT b.id, s.name FROM bronze.customer AS b JOIN silver.customer AS s ON s.id = b.id"
    schema = {"bronze/customer": {"id": "VARCHAR"}, "silver/customer": {"id": "VARCHAR", "name": "VARCHAR"}}
    assert SqlModel("gold/customer", text).column_lineage(schema) == {
        "id": [("bronze/customer", "id")],
        "name": [("silver/customer", "name")],
    }


def test_a_bare_name_gets_the_group_of_the_one_relation_of_that_name() -> None:
    query = cast(exp.Query, sqlglot.parse_one("WITH b AS (SELECT 1) SELECT 1 FROM a, b, c, d, g.a", read="athena"))
    assert relations_read(with_groups(query, ["x/a", "x/b", "x/c", "y/c"])) == {"x/a", "c", "d", "g/a"}


def test_the_hash_is_of_the_files_text() -> None:
    """printf 'SELECT 1' | sha256sum"""
    expected = "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5"
    assert SqlModel("refi/x", "SELECT 1").sha256 == expected
