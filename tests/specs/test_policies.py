"""The policy: the lender's numbers are read exactly, and absurd ones are refused."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import duckdb
import pytest
from pydantic import Field

from refi_assets.errors import SettingError
from refi_assets.refi.policy import RefiPolicy, load_refi_policy
from refi_assets.specs.policies import (
    Count,
    Day,
    Days,
    Many,
    Months,
    Pct,
    Policy,
    Section,
    Text,
    Usd,
    load_policy,
    policy_of,
)
from refi_assets.specs.sql_models import Parameter, SqlModel
from tests.support.policy_files import SHIPPED_POLICY

SHIPPED = {
    "eligibility.max_ltv_pct": "80",
    "eligibility.min_rate_spread": "1.0",
    "tiers.immediate_action_above": "1.25",
    "tiers.hot_lead_above": "0.75",
    "tiers.watchlist_above": "0.50",
    "checks.quarantine_ratio_pct.warn_above": "1",
    "checks.quarantine_ratio_pct.block_above": "10",
    "checks.match_ratio_pct.warn_below": "95",
    "checks.match_ratio_pct.block_below": "50",
    "checks.audience_share_pct.warn_above": "60",
    "checks.audience_share_pct.block_above": "95",
    "checks.source_rows_change_pct.warn_at": "-10",
    "checks.source_rows_change_pct.block_at": "-20",
}


def policy_text(changes: Mapping[str, str | None]) -> str:
    """The shipped numbers with some changed or (None) left out, as YAML: dots become indentation."""
    lines: list[str] = []
    above: list[str] = []
    for path, value in sorted({**SHIPPED, **changes}.items()):
        if value is None:
            continue
        *sections, name = path.split(".")
        lines += ["  " * i + f"{name}:" for i, name in enumerate(sections) if sections[: i + 1] != above[: i + 1]]
        lines.append("  " * len(sections) + f"{name}: {value}")
        above = sections
    return "\n".join(lines)


def load(folder: Path, text: str | bytes) -> RefiPolicy:
    path = folder / "lender.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_refi_policy(path)


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(SettingError) as refused:
        load(folder, text)
    return str(refused.value)


@pytest.mark.parametrize("field", SHIPPED)
def test_the_shipped_policy_says(field: str) -> None:
    assert attrgetter(field)(load_refi_policy(SHIPPED_POLICY)) == Decimal(SHIPPED[field])


def test_sql_binds_these_values(tmp_path: Path) -> None:
    numbers = {
        "max_ltv_pct": Decimal(80),
        "min_rate_spread": Decimal(1),
        "immediate_action_above": Decimal("1.25"),
        "hot_lead_above": Decimal("0.75"),
        "watchlist_above": Decimal("0.5"),
        "match_probability": Decimal("0.99"),
        "review_probability": Decimal("0.5"),
    }
    assert load(tmp_path, policy_text({})).parameters == {
        **{name: Parameter(number, "DECIMAL(12,6)") for name, number in numbers.items()},
        "min_monthly_savings_usd": Parameter(Decimal(0), "DECIMAL(18,2)"),
        "min_credit_score": Parameter(None, "BIGINT"),
        "max_late_payments_12m": Parameter(None, "BIGINT"),
        "letters_per_loan": Parameter("one", "VARCHAR"),
    }


@pytest.mark.parametrize(("written", "read"), [("1.10", "1.10"), ("1.100001", "1.100001"), ("29.3", "29.3")])
def test_a_number_stays_as_it_is_written(tmp_path: Path, written: str, read: str) -> None:
    policy = load(tmp_path, policy_text({"eligibility.min_rate_spread": written}))
    assert str(policy.eligibility.min_rate_spread) == read


def test_a_number_with_a_leading_zero_is_not_octal(tmp_path: Path) -> None:
    """YAML 1.1 reads 075 as 61, a limit that nobody wrote."""
    assert load(tmp_path, policy_text({"eligibility.max_ltv_pct": "075"})).eligibility.max_ltv_pct == 75


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eligibility.max_ltv_pct", "200"),
        ("eligibility.max_ltv_pct", "0.000001"),
        ("eligibility.min_rate_spread", "30"),
        ("eligibility.min_rate_spread", "0.500001"),
        ("tiers.watchlist_above", "0.000001"),
        ("checks.quarantine_ratio_pct.warn_above", "10"),
        ("checks.quarantine_ratio_pct.warn_above", "0"),
        ("checks.quarantine_ratio_pct.block_above", "100"),
        ("checks.match_ratio_pct.warn_below", "50"),
        ("checks.source_rows_change_pct.block_at", "-100"),
        ("checks.source_rows_change_pct.warn_at", "-0.000001"),
        ("checks.profile_change.median_factor", "1.01"),
    ],
)
def test_a_number_on_its_bound_is_allowed(tmp_path: Path, field: str, value: str) -> None:
    assert attrgetter(field)(load(tmp_path, policy_text({field: value}))) == Decimal(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("eligibility.max_ltv_pct", value) for value in ("-5", "0", "200.000001", "800", "80.0000001", "1e400")),
        *(("eligibility.min_rate_spread", value) for value in ("-1", "0", "30.000001")),
        *(("tiers.watchlist_above", value) for value in ("-0.5", "0")),
        *(("checks.audience_share_pct.warn_above", value) for value in ("-1", "100.000001")),
        *(("checks.audience_share_pct.block_above", value) for value in ("100.000001", "101")),
        *(("checks.match_ratio_pct.warn_below", value) for value in ("-1", "101")),
        *(("checks.source_rows_change_pct.block_at", value) for value in ("0", "30", "-100.000001")),
        *(("checks.profile_change.median_factor", value) for value in ("1", "0", "-3")),
        *(("checks.profile_change.share_points", value) for value in ("0", "100.1")),
        *(("eligibility.max_ltv_pct", value) for value in ("NaN", ".nan", "Infinity", "'Infinity'", ".inf", "-.inf")),
        *(("eligibility.max_ltv_pct", value) for value in ("eighty", "80%", "'80 '' OR 1=1'", "", "null", "true")),
        ("eligibility.letters_per_loan", "both"),
        ("eligibility.min_credit_score", "62"),
        ("eligibility.max_late_payments_12m", "-1"),
        ("eligibility.min_monthly_savings_usd", "20000"),
        *(("eligibility.max_ltv_pct", value) for value in ("[80]", "{a: 80}", "2026-02-20", "1:20")),
    ],
)
def test_an_absurd_value_is_refused_with_file_and_field(tmp_path: Path, field: str, value: str) -> None:
    message = refusal(tmp_path, policy_text({field: value}))
    assert message.startswith(f"lender.yaml: {field}: ")
    assert message.count(": ") == 2, f"one problem, one message: {message}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tiers.hot_lead_above": "1.25"}, "tiers: tiers must fall: .* 1.25, 1.25, 0.50"),
        ({"tiers.hot_lead_above": "2"}, "tiers: tiers must fall: .* 1.25, 2, 0.50"),
        ({"tiers.watchlist_above": "0.75"}, "tiers: tiers must fall: .* 1.25, 0.75, 0.75"),
        (
            {"checks.quarantine_ratio_pct.warn_above": "10.000001"},
            "checks.quarantine_ratio_pct: warn_above 10.000001 must not exceed block_above 10",
        ),
        (
            {"checks.audience_share_pct.block_above": "59.999999"},
            "checks.audience_share_pct: warn_above 60 must not exceed block_above 59.999999",
        ),
        (
            {"checks.match_ratio_pct.warn_below": "49.999999"},
            "checks.match_ratio_pct: warn_below 49.999999 must not be under block_below 50",
        ),
        (
            {"checks.source_rows_change_pct.warn_at": "-20.000001"},
            "checks.source_rows_change_pct: warn_at -20.000001 must not be under block_at -20",
        ),
        ({"eligibility.min_rate_spread": "0.50"}, "min_rate_spread 0.50 is not above watchlist_above 0.50"),
        ({"eligibility.max_ltv_pct": "80\n  max_ltv_pct: 95"}, "max_ltv_pct"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=rf"lender\.yaml.*{message}"):
        load(tmp_path, policy_text(changes))


@pytest.mark.parametrize(
    "field", ["extra", "eligibility.extra", "tiers.extra", "checks.extra", "checks.match_ratio_pct.x"]
)
def test_an_unknown_key_is_refused_at_every_level(tmp_path: Path, field: str) -> None:
    assert refusal(tmp_path, policy_text({field: "1"})) == f"lender.yaml: {field}: Extra inputs are not permitted."


@pytest.mark.parametrize("missing", [*SHIPPED, "checks.source_rows_change_pct", "eligibility", "tiers", "checks"])
def test_a_missing_key_is_named(tmp_path: Path, missing: str) -> None:
    text = policy_text({path: None for path in SHIPPED if path.startswith(missing)})
    assert refusal(tmp_path, text) == f"lender.yaml: {missing}: Field required."


@pytest.mark.parametrize("text", ["", "80", "[80]"])
def test_a_file_without_a_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).startswith("lender.yaml: ")


@pytest.mark.parametrize("text", [b"tiers: [1", b"\xff\xfe", b"a: \x00", b"a: !!python/object/apply:os.getcwd []"])
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, text: bytes) -> None:
    assert refusal(tmp_path, text).startswith(f"{tmp_path / 'lender.yaml'} cannot be read as YAML: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"nowhere\.yaml: there is no such policy file"):
        load_refi_policy(tmp_path / "nowhere.yaml")


def test_a_folder_is_not_a_policy_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        load_refi_policy(tmp_path)


def test_the_hash_follows_the_numbers_and_not_the_layout(tmp_path: Path) -> None:
    shipped = load(tmp_path, policy_text({})).sha256
    assert load(tmp_path, "# A comment.\n" + policy_text({}).replace("80", " 80  # of the value")).sha256 == shipped
    assert load(tmp_path, policy_text({"checks.match_ratio_pct.warn_below": "94"})).sha256 != shipped


class Jumbo(Section):
    max_loan_usd: Annotated[Usd, Field(gt=0)]
    max_term: Months
    rate_lock: Days
    most_loans: Count
    min_rate_pct: Pct
    states: Many[Text]
    terms: Many[Months]
    lender: Text
    since: Day


class JumboPolicy(Policy):
    """A policy of an invented domain."""

    jumbo: Jumbo
    fee_usd: Usd | None = None


JUMBO = {
    "max_loan_usd": "1000000.00",
    "max_term": "360",
    "rate_lock": "45",
    "most_loans": "9223372036854775807",
    "min_rate_pct": "5.125",
    "states": '[TX, "O\'Brien", "NO"]',
    "terms": "[180, 360]",
    "lender": "O'Hara & Sons; --",
    "since": "2026-02-20",
}


def jumbo(folder: Path, **changes: str) -> JumboPolicy:
    path = folder / "jumbo.yaml"
    lines = [f"  {name}: {value}" for name, value in (JUMBO | changes).items()]
    path.write_text("\n".join(["jumbo:", *lines]))
    return load_policy(path, JumboPolicy)


def bound(policy: Policy, expression: str) -> tuple[object, object]:
    """The value and type in DuckDB of an expression with the policy's parameters."""
    query = SqlModel("jumbo/x", f"SELECT {expression} AS value").bind(policy.parameters).sql("duckdb")
    row = duckdb.sql(f"SELECT value, typeof(value) FROM ({query})").fetchone()
    assert row is not None
    return row[0], row[1]


def test_any_policy_types_its_parameters_by_field(tmp_path: Path) -> None:
    assert jumbo(tmp_path).parameters == {
        "max_loan_usd": Parameter(Decimal("1000000.00"), "DECIMAL(18,2)"),
        "max_term": Parameter(360, "BIGINT"),
        "rate_lock": Parameter(45, "BIGINT"),
        "most_loans": Parameter(2**63 - 1, "BIGINT"),
        "min_rate_pct": Parameter(Decimal("5.125"), "DECIMAL(12,6)"),
        "states": Parameter(("TX", "O'Brien", "NO"), "VARCHAR"),
        "terms": Parameter((180, 360), "BIGINT"),
        "lender": Parameter("O'Hara & Sons; --", "VARCHAR"),
        "since": Parameter(date(2026, 2, 20), "DATE"),
        "fee_usd": Parameter(None, "DECIMAL(18,2)"),
    }


@pytest.mark.parametrize("usd", ["999999.99", "1000000.00", "99999999.99", "9999999999999999.99", "1E+6", "0.01"])
def test_an_amount_of_a_million_and_more_is_bound_to_the_cent(tmp_path: Path, usd: str) -> None:
    """Every number was bound as DECIMAL(12,6), whose largest value is 999,999.999999."""
    policy = jumbo(tmp_path, max_loan_usd=usd)
    assert bound(policy, ":max_loan_usd") == (Decimal(usd), "DECIMAL(18,2)")
    assert bound(policy, f":max_loan_usd = CAST('{Decimal(usd):f}' AS DECIMAL(38,6))")[0] is True


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (":max_term", (360, "BIGINT")),
        (":rate_lock", (45, "BIGINT")),
        (":most_loans", (9223372036854775807, "BIGINT")),
        (":min_rate_pct", (Decimal("5.125"), "DECIMAL(12,6)")),
        (":lender", ("O'Hara & Sons; --", "VARCHAR")),
        (":since", (date(2026, 2, 20), "DATE")),
        (":fee_usd", (None, "DECIMAL(18,2)")),
        ("'O''Brien' IN (:states)", (True, "BOOLEAN")),
        ("'tx' IN (:states)", (False, "BOOLEAN")),
        ("CAST(360 AS BIGINT) IN (:terms) AND 240 NOT IN (:terms)", (True, "BOOLEAN")),
    ],
)
def test_a_parameter_of_each_kind_reaches_the_engine(tmp_path: Path, expression: str, value: object) -> None:
    assert bound(jumbo(tmp_path), expression) == value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("max_loan_usd", "10000000000000000.00", "less than or equal to 9999999999999999.99"),
        ("max_loan_usd", "1e400", "less than or equal to 9999999999999999.99"),
        ("max_loan_usd", "1000000.001", "no more than 2 decimal places"),
        ("max_loan_usd", "0", "greater than 0"),
        ("max_loan_usd", "NaN", "finite"),
        ("min_rate_pct", "1000000", "less than or equal to 999999.999999"),
        ("min_rate_pct", "-1000000", "greater than or equal to -999999.999999"),
        ("min_rate_pct", "0.0000001", "no more than 6 decimal places"),
        ("max_term", "-1", "greater than or equal to 0"),
        ("max_term", "9223372036854775808", "less than or equal to 9223372036854775807"),
        ("max_term", "36.5", "integer"),
        ("most_loans", "true", "not true or false"),
        ("terms", "[180, -1]", "greater than or equal to 0"),
        ("states", "[]", "at least 1 item"),
        ("states", "TX", "valid tuple"),
        ("lender", '"a\\0b"', "NUL"),
        ("since", "soon", "isoformat"),
        ("since", "2026-02-30", "day is out of range"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused(tmp_path: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(SettingError, match=rf"^jumbo\.yaml.*{name}.*{message}"):
        jumbo(tmp_path, **{name: value})


def test_a_fields_own_bounds_and_those_of_its_type_both_hold(tmp_path: Path) -> None:
    class Wide(Policy):
        share: Pct = Field(le=Decimal(10) ** 9)

    (tmp_path / "wide.yaml").write_text("share: 1000000")
    with pytest.raises(SettingError, match=r"less than or equal to 999999\.999999"):
        load_policy(tmp_path / "wide.yaml", Wide)


def test_a_policy_is_the_same_when_read_from_a_manifest(tmp_path: Path) -> None:
    policy = jumbo(tmp_path)
    assert JumboPolicy.model_validate(policy.model_dump(mode="json")) == policy


def test_two_parameters_of_one_name_are_refused_with_the_class() -> None:
    with pytest.raises(TypeError, match=r"^Twice: more than one parameter is named max_term\.$"):
        type("Twice", (JumboPolicy,), {"__annotations__": {"max_term": Months}, "__module__": __name__})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {least_count: 3}\nb: {least_count: 4}", "more than one parameter is named least_count."),
        ("sha256: a", "sha256: this name is reserved; choose another."),
        ("a: {model_dump: b}", "a.model_dump: this name is reserved; choose another."),
        ("as_of: 2026-02-20", "as_of: this name is reserved; choose another."),
        ("5: a", "5: a name consists of letters a-z, digits and _, and begins with a letter."),
        (
            "least-desks_count: 3",
            "least-desks_count: a name consists of letters a-z, digits and _, and begins with a letter.",
        ),
        ("least: 3", "least: the name of a number must end in its unit: _pct, _usd, _months, _days, _count, _day."),
        ("flag: true", "flag: its value must be a text, a number, or a list of either."),
        ("branches: [a, 1]", "branches: its value must be a text, a number, or a list of either."),
    ],
)
def test_a_policy_without_a_class_is_refused_by_file_and_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(text)
    with pytest.raises(SettingError) as refused:
        policy_of("toy", path)
    assert str(refused.value) == f"toy.yaml: {message}"
