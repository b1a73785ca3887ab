"""The contracts: the promises of the shipped ones, and mistakes that are refused."""

import re
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from refi_assets.errors import SettingError
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.columns import Column, Range, column_of
from refi_assets.specs.contract_reference import MESSAGES_HEAD, section
from refi_assets.specs.contracts import contracts_of, load_contracts
from refi_assets.specs.kept_verdicts import verdict_of
from refi_assets.specs.topic_reference import topic_sections

# R: the file must have the column; O: it may. KEY: a part of the key, in files that have it.
SHIPPED = {
    "borrower_information": """
        R borrower_id VARCHAR KEY not_null
        R first_name VARCHAR personal
        R last_name VARCHAR personal
        R property_id VARCHAR share_5_25
        O email VARCHAR personal
        O phone VARCHAR personal
        O city VARCHAR
        O state VARCHAR
        O date_of_birth VARCHAR personal
        O street VARCHAR personal
        O postcode VARCHAR personal
        O credit_score INTEGER >=300 <=850
    """,
    "loan_information": """
        O loan_id VARCHAR KEY not_null
        R borrower_id VARCHAR KEY not_null party share_5_25
        O borrower_role VARCHAR party primary/co once_primary
        O property_id VARCHAR share_5_25
        O loan_amount DECIMAL(18,2) >0 USD
        R current_interest_rate DECIMAL(9,6) >0 <=30 percent plausible_0.5_25 median_0.5_25
        O origination_year INTEGER year
        O loan_type VARCHAR tells_paid_off
        O loan_status VARCHAR tells_paid_off
        O lien_position INTEGER >=1 <=99 tells_junior
        O late_payments_12m INTEGER >=0 <=999
        O remaining_balance DECIMAL(18,2) >=0 USD tells_paid_off
        O remaining_term_months INTEGER >=1 <=480 months
    """,
    "market_equity": """
        R property_id VARCHAR KEY not_null
        O product VARCHAR KEY
        O term_months INTEGER >=1 <=480 KEY months
        O offered_by VARCHAR KEY
        R market_rate_offer DECIMAL(9,6) >0 <=30 percent plausible_0.5_25 median_0.5_25
        R ltv_ratio DECIMAL(10,6) >=0 <=1000 percent plausible_0.5_200_0 median_2_150
        R monthly_savings_est DECIMAL(18,2) USD
        O current_home_value DECIMAL(18,2) USD
        O estimated_equity_amt DECIMAL(18,2) USD
    """,
    "borrower_engagement": """
        R borrower_id VARCHAR KEY not_null
        R paperless_billing BOOLEAN
        R email_open_last_30d BOOLEAN
        R mobile_app_login_last_30d BOOLEAN
        R sms_opt_in BOOLEAN consent
    """,
}
LOGICAL_TYPE = {"VARCHAR": "string", "INTEGER": "integer", "DECIMAL": "number", "BOOLEAN": "boolean"}

# The smallest valid contract; each test below breaks it in one place.
HOMES: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "test.homes",
    "name": "homes",
    "domain": "homes",
    "version": "1.0.0",
    "status": "active",
    "description": {"purpose": "Homes."},
    "team": {"name": "appraisers"},
    "schema": [
        {
            "name": "homes",
            "logicalType": "object",
            "physicalType": "csv",
            "properties": [
                {
                    "name": "home_id",
                    "description": "The home.",
                    "logicalType": "string",
                    "physicalType": "VARCHAR",
                    "primaryKey": True,
                    "required": True,
                    "customProperties": [{"property": "columnPresence", "value": "required"}],
                },
                {
                    "name": "home_value",
                    "description": "Its value.",
                    "logicalType": "number",
                    "physicalType": "DECIMAL(18,2)",
                    "logicalTypeOptions": {"minimum": 0.1, "exclusiveMaximum": 999999999999},
                    "customProperties": [{"property": "unit", "value": "USD"}],
                },
            ],
        }
    ],
    "slaProperties": [{"property": "frequency", "value": 30, "unit": "d"}],
}
Change = Callable[[dict[str, Any]], object]


def as_line(column: Column) -> str:
    """A column as a line of the table above."""
    bounds = {
        ">=": column.minimum,
        ">": column.exclusive_minimum,
        "<=": column.maximum,
        "<": column.exclusive_maximum,
    }
    parts = [
        "R" if column.present else "O",
        column.name,
        column.sql_type,
        *(f"{sign}{bound}" for sign, bound in bounds.items() if bound is not None),
        *(["KEY"] if column.is_key else []),
        *(["not_null"] if column.not_null else []),
        *(["personal"] if column.personal else []),
        *([column.unit] if column.unit else []),
        *(["consent"] if column.consent else []),
        *(["party"] if column.is_party else []),
        *(["/".join(column.values)] if column.values else []),
        *([f"once_{column.once}"] if column.once else []),
        *([_range("plausible", column.plausible)] if column.plausible else []),
        *([_range("median", column.plausible_median)] if column.plausible_median else []),
        *([f"share_{share.warn_at}_{share.block_at}"] if (share := column.shared_share) else []),
        *(f"tells_{state.name}" for state in column.states),
    ]
    return " ".join(parts)


def _range(name: str, bounds: Range) -> str:
    return "_".join(map(str, (name, bounds.minimum, bounds.maximum, *bounds.also)))


def write(folder: Path, change: Change = lambda contract: None, name: str = "homes.yaml") -> Path:
    """A folder with HOMES, changed in one place."""
    contract = deepcopy(HOMES)
    change(contract)
    (folder / "homes").mkdir(exist_ok=True)
    (folder / "homes" / name).write_text(yaml.safe_dump(contract))
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(SettingError) as refused:
        load_contracts(folder)
    return str(refused.value)


def home_id(contract: dict[str, Any]) -> dict[str, Any]:
    column: dict[str, Any] = contract["schema"][0]["properties"][0]
    return column


def declare(column: dict[str, Any], name: str, value: object) -> None:
    column.setdefault("customProperties", []).append({"property": name, "value": value})


def home_value(contract: dict[str, Any]) -> dict[str, Any]:
    column: dict[str, Any] = contract["schema"][0]["properties"][1]
    return column


def test_the_shipped_contracts_are_these_four() -> None:
    assert set(contracts_of("refi")) == set(SHIPPED)


@pytest.mark.parametrize("source", SHIPPED)
def test_a_shipped_contract_has_exactly_these_columns_in_this_order(source: str) -> None:
    columns = contracts_of("refi")[source].columns
    lines = [line.strip() for line in SHIPPED[source].strip().splitlines()]
    assert [line for line in map(as_line, columns) if line in lines] == lines
    assert all(column.logical_type == LOGICAL_TYPE[column.sql_type.split("(")[0]] for column in columns)
    assert all(column.description for column in columns), "every column has a description"


def test_person_attributes_are_declared_in_the_contract_of_borrowers() -> None:
    assert {source: contract.person_attributes for source, contract in contracts_of("refi").items()} == {
        "borrower_information": {
            "first_name": "given_name",
            "last_name": "surname",
            **{name: name for name in ("email", "phone", "date_of_birth", "street", "city", "state", "postcode")},
        },
        "loan_information": {},
        "market_equity": {},
        "borrower_engagement": {},
    }


def test_market_data_is_due_every_week_and_everything_else_every_day() -> None:
    assert {source: contract.due_every_days for source, contract in contracts_of("refi").items()} == {
        "borrower_information": 1,
        "loan_information": 1,
        "market_equity": 7,
        "borrower_engagement": 1,
    }


@pytest.mark.parametrize(
    ("source", "file_columns", "key"),
    [
        ("loan_information", {"borrower_id", "loan_id", "current_interest_rate"}, ["loan_id", "borrower_id"]),
        ("loan_information", {"borrower_id", "current_interest_rate"}, ["borrower_id"]),
        ("borrower_information", {"borrower_id", "property_id"}, ["borrower_id"]),
        ("market_equity", {"property_id", "loan_id"}, ["property_id"]),
        ("market_equity", {"property_id", "offered_by", "product"}, ["property_id", "product", "offered_by"]),
        ("borrower_engagement", {"borrower_id"}, ["borrower_id"]),
    ],
)
def test_the_key_of_a_file_is_the_key_columns_that_it_has(source: str, file_columns: set[str], key: list[str]) -> None:
    assert [column.name for column in contracts_of("refi")[source].key(file_columns)] == key


def test_a_contract_is_read_as_it_is_written(tmp_path: Path) -> None:
    homes = load_contracts(write(tmp_path))["homes"]
    assert (homes.source, homes.description, homes.owner, homes.due_every_days) == ("homes", "Homes.", "appraisers", 30)
    assert [column.name for column in homes.present_columns] == ["home_id"]
    assert homes.descriptions == {"home_id": "The home.", "home_value": "Its value."}
    assert homes.sql_types == {"home_id": "VARCHAR", "home_value": "DECIMAL(18,2)"}
    value = homes.columns[1]
    assert (value.minimum, value.exclusive_maximum) == (Decimal("0.1"), Decimal(999999999999)), "0.1 is no float"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda c: c.update(grain="x"), "$"),
        (lambda c: c["team"].update(grain="x"), "$.team"),
        (lambda c: c["slaProperties"][0].update(grain="x"), "$.slaProperties[0]"),
        (lambda c: c["schema"][0].update(grain="x"), "$.schema[0]"),
        (lambda c: home_value(c).update(grain="x"), "$.schema[0].properties[1]"),
        (lambda c: home_value(c)["logicalTypeOptions"].update(grain=1), "$.schema[0].properties[1].logicalTypeOptions"),
        (lambda c: home_value(c)["customProperties"][0].update(grain="x"), "properties[1].customProperties[0]"),
        (lambda c: home_value(c)["customProperties"].append({"property": "grain", "value": "x"}), "'home_value'"),
        (lambda c: declare(c["schema"][0], "grain", "x"), "unknown custom property"),
    ],
    ids=[
        *("top", "team", "sla", "schema", "property", "options", "entry of a custom property", "custom property"),
        "custom property of the source",
    ],
)
def test_an_unknown_key_is_refused_at_every_level(tmp_path: Path, change: Change, where: str) -> None:
    message = refusal(write(tmp_path, change))
    assert message.startswith("homes.yaml: ")
    assert "grain" in message
    assert where in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["schema"].append(deepcopy(c["schema"][0])), "'schema' must have exactly one object"),
        (lambda c: c.update(schema=[]), "'schema' must have exactly one object"),
        (lambda c: c.pop("schema"), "'schema' must have exactly one object"),
        (
            lambda c: c["schema"][0].update(name="houses"),
            "schema name is 'houses'; it must be the file's name, 'homes'",
        ),
        (lambda c: home_id(c).pop("primaryKey"), "a column that must be present and filled must be a primaryKey"),
        (lambda c: home_id(c).pop("required"), "a column that must be present and filled must be a primaryKey"),
        (lambda c: c["schema"][0].pop("properties"), "a column that must be present and filled must be a primaryKey"),
        (lambda c: home_id(c).pop("customProperties"), "a column that must be present and filled must be a primaryKey"),
        (lambda c: declare(home_id(c), "party", True), "must identify what the parties share"),
        (lambda c: home_value(c).update(name="home_id"), "duplicate columns: home_id"),
        (lambda c: home_id(c)["customProperties"][0].update(value="optional"), "columnPresence can only be 'required'"),
        (
            lambda c: declare(home_id(c), "personAttribute", "ssn"),
            "personAttribute is 'ssn'; expected given_name, surname,",
        ),
        (lambda c: home_id(c).update(primaryKey="yes"), "primaryKey: 'yes' is not of type 'boolean'"),
        (lambda c: c.pop("slaProperties"), "slaProperties must have the source's frequency"),
        (lambda c: c["slaProperties"][0].update(property="latency"), "slaProperties must have the source's frequency"),
        (lambda c: c["slaProperties"][0].update(unit="h"), "slaProperties must have the source's frequency"),
        (lambda c: declare(c["schema"][0], "mayHaveNoRows", False), "mayHaveNoRows is either true or left out"),
        (lambda c: declare(c["schema"][0], "ownRecord", "yes"), "ownRecord is either true or left out"),
    ],
)
def test_a_contract_that_leaves_the_source_in_doubt_is_refused(tmp_path: Path, change: Change, message: str) -> None:
    assert refusal(write(tmp_path, change)).startswith("homes.yaml: ")
    assert message in refusal(tmp_path)


RANGE = {"minimum": 1, "maximum": 2}
SHARE = {"warn": 5, "block": 25}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: declare(home_id(c), "plausible", RANGE), "plausible does not fit logicalType 'string'"),
        (lambda c: declare(home_value(c), "plausible", {"minimum": 1}), "must have minimum and maximum"),
        (lambda c: declare(home_value(c), "plausible", 5), "must have minimum and maximum"),
        (lambda c: declare(home_value(c), "plausible", {**RANGE, "also": 0}), "plausible.also is 0, not a list"),
        (
            lambda c: declare(home_value(c), "plausible", {**RANGE, "also": [0]}),
            "wider than the range in logicalTypeOptions",
        ),
        (
            lambda c: declare(home_value(c), "plausible", {"minimum": 0, "maximum": 2}),
            "wider than the range in logicalTypeOptions",
        ),
        (lambda c: declare(home_value(c), "plausible", {"minimum": 3, "maximum": 2}), "minimum 3 is above maximum 2"),
        (lambda c: declare(home_value(c), "plausible", {"minimum": True, "maximum": 2}), "minimum is True, not a numb"),
        (lambda c: declare(home_value(c), "plausible_median", {**RANGE, "x": 1}), "plausible_median must have minimum"),
        (lambda c: declare(home_value(c), "missingValues", 999), "missingValues is 999, not a list"),
        (lambda c: declare(home_value(c), "missingValues", ["none"]), "missingValues is 'none', not a number"),
        (lambda c: declare(home_id(c), "missingWords", [None]), "missingWords contains None, not a trimmed text"),
        (lambda c: declare(home_id(c), "missingWords", [" x"]), "missingWords contains ' x', not a trimmed text"),
        (
            lambda c: declare(home_id(c), "sharedShare", {"warn": 5}),
            "sharedShare is {'warn': 5}; it must have warn and",
        ),
        (lambda c: declare(home_id(c), "sharedShare", {"warn": 9, "block": 5}), "in percent of the rows, warn first"),
        (
            lambda c: home_id(c).update(
                classification="personal", customProperties=[{"property": "sharedShare", "value": SHARE}]
            ),
            "sharedShare would show the shared value, but the column is personal",
        ),
        (lambda c: declare(home_id(c), "consent", True), "consent does not fit logicalType 'string'"),
        (lambda c: declare(home_id(c), "party", "yes"), "party is 'yes', not true or false"),
        (lambda c: declare(home_id(c), "oncePerKey", "one"), "oncePerKey is 'one'; it must be one of the column's val"),
        (lambda c: declare(home_value(c), "values", ["1"]), "values does not fit logicalType 'number'"),
        (lambda c: declare(home_id(c), "states", {"sold": {"atMost": 0}}), "atMost does not fit logicalType 'string'"),
        (lambda c: declare(home_id(c), "states", {"sold": {}}), "'sold' must be a name with atMost, words, or both"),
        (lambda c: declare(home_id(c), "states", ["sold"]), "states must map each state"),
        (lambda c: declare(home_value(c), "states", {"x": {"atMost": "few"}}), "atMost is 'few', not a number"),
    ],
)
def test_an_unclear_property_of_a_column_is_refused(tmp_path: Path, change: Change, message: str) -> None:
    assert refusal(write(tmp_path, change)).startswith("homes.yaml: column 'home_")
    assert message in refusal(tmp_path)


def test_a_column_cannot_have_the_name_of_a_state(tmp_path: Path) -> None:
    def change(contract: dict[str, Any]) -> None:
        declare(home_id(contract), "states", {"sold": {"words": ["sold"]}})
        home_value(contract)["name"] = "home_id_state"

    assert "home_id_state is the name of a state" in refusal(write(tmp_path, change))


@pytest.mark.parametrize(
    ("logical_type", "physical_type"),
    [
        *(("number", "VARCHAR"), ("number", "DOUBLE"), ("number", "DECIMAL"), ("number", "DECIMAL(39,2)")),
        *(("number", "DECIMAL(0,0)"), ("number", "DECIMAL(18,2) NOT NULL"), ("number", "")),
        *(("integer", "VARCHAR"), ("integer", "DECIMAL(18,0)"), ("integer", "integer")),
        *(("boolean", "INTEGER"), ("string", "BOOLEAN"), ("string", "VARCHAR(20)"), ("date", "TIMESTAMP")),
    ],
)
def test_a_column_whose_types_do_not_fit_is_refused_by_name(
    tmp_path: Path, logical_type: str, physical_type: str
) -> None:
    def change(contract: dict[str, Any]) -> None:
        home_value(contract).pop("logicalTypeOptions")
        home_value(contract).update(logicalType=logical_type, physicalType=physical_type)

    message = refusal(write(tmp_path, change))
    assert message.startswith("homes.yaml: column 'home_value': ")
    assert f"'{logical_type}'" in message


@pytest.mark.parametrize("physical_type", ["DECIMAL(1,0)", "DECIMAL(38,38)"])
def test_the_largest_and_the_smallest_number_are_types(tmp_path: Path, physical_type: str) -> None:
    def change(contract: dict[str, Any]) -> None:
        home_value(contract).pop("logicalTypeOptions")
        home_value(contract).update(physicalType=physical_type)

    homes = load_contracts(write(tmp_path, change))["homes"]
    assert homes.sql_types["home_value"] == physical_type


@pytest.mark.parametrize("bound", [10**12, -(10**12), 0.1234567, float("inf"), float("nan"), "many", True])
def test_a_bound_that_does_not_fit_the_sql_type_is_refused(tmp_path: Path, bound: object) -> None:
    message = refusal(write(tmp_path, lambda c: home_value(c)["logicalTypeOptions"].update(minimum=bound)))
    assert message.startswith("homes.yaml: ")
    assert "home_value" in message or "minimum" in message


def test_a_bound_has_no_more_decimals_than_its_column(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, lambda c: home_value(c)["logicalTypeOptions"].update(minimum=0.125)))
    assert "no more decimals than the column" in message


@pytest.mark.parametrize("change", [{"pattern": "^H"}, {"maxLength": 8}, {"minLength": 1}, {"format": "uuid"}])
def test_an_option_of_the_standard_that_is_not_checked_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """A rule in the contract that is never applied is worse than no rule."""
    assert str(*change) in refusal(write(tmp_path, lambda c: home_id(c).update(logicalTypeOptions=change)))


@pytest.mark.parametrize("value", ["weekly", None, 1.5, 0, -1, True])
def test_a_source_is_due_every_so_many_whole_days(tmp_path: Path, value: object) -> None:
    message = refusal(write(tmp_path, lambda c: c["slaProperties"][0].update(value=value)))
    assert message.startswith("homes.yaml: ")
    assert "frequency" in message


def test_a_team_in_the_older_form_of_the_standard_is_refused_with_a_message(tmp_path: Path) -> None:
    assert "team" in refusal(write(tmp_path, lambda c: c.update(team=[{"username": "ann"}])))


@pytest.mark.parametrize("text", [b"schema: [1", b"a: \xff", b"a: 1\n---\nb: 2"])
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, text: bytes) -> None:
    write(tmp_path)
    (tmp_path / "homes" / "homes.yaml").write_bytes(text)
    assert refusal(tmp_path).startswith("homes.yaml is not YAML: ")


@pytest.mark.parametrize("text", ["", "homes", "[1]"])
def test_a_file_without_a_mapping_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path)
    (tmp_path / "homes" / "homes.yaml").write_text(text)
    assert refusal(tmp_path).startswith("homes.yaml: ")


@pytest.mark.parametrize("folder", [".", "nowhere"])
def test_a_folder_without_a_contract_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "notes.txt").write_text("no contract")
    assert refusal(tmp_path / folder) == f"{tmp_path / folder}: no contract (<domain>/*.yaml); every source needs one."


def test_a_contract_says_the_domain_of_its_folder(tmp_path: Path) -> None:
    assert (
        refusal(write(tmp_path, lambda contract: contract.update(domain="banking")))
        == "homes.yaml: domain is 'banking'; it must be the folder's name, 'homes'."
    )


def test_a_contract_outside_a_domains_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "homes" / "homes.yaml").rename(tmp_path / "homes.yaml")
    assert "homes.yaml belongs in the folder of a domain" in refusal(tmp_path)


def test_a_source_has_one_contract_in_all_domains(tmp_path: Path) -> None:
    write(tmp_path)
    text = (tmp_path / "homes" / "homes.yaml").read_text()
    (tmp_path / "towns").mkdir()
    (tmp_path / "towns" / "homes.yaml").write_text(text.replace("domain: homes", "domain: towns"))
    assert refusal(tmp_path).startswith("Source homes has contracts in homes and in towns")


def test_the_reference_in_docs_is_generated_from_the_contracts() -> None:
    """`make docs` writes it."""
    text = (PROJECT_DIR / "docs" / "contracts.md").read_text("utf-8")
    page, messages = text.split(MESSAGES_HEAD)
    assert messages == topic_sections()
    assert [contract.source for contract in contracts_of("refi").values() if section(contract) not in page] == []
    assert set(re.findall("^## (.*)", page, re.MULTILINE)) <= load_contracts().keys()


@pytest.mark.parametrize("value", [None, "", " ", 5])
def test_the_value_for_an_absent_column_must_be_a_text(tmp_path: Path, value: object) -> None:
    message = refusal(write(tmp_path, lambda contract: declare(home_id(contract), "whenAbsent", value)))
    assert f"column 'home_id': whenAbsent is {value!r}, not a text" in message


def test_a_valid_contract_is_cached_and_another_is_validated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = write(tmp_path)
    first = load_contracts(folder)
    [verdict] = (tmp_path / "cache" / "refi_assets" / "contracts").iterdir()
    load_contracts.cache_clear()
    assert load_contracts(folder) == first

    load_contracts.cache_clear()
    write(tmp_path, lambda contract: contract.update(colour="blue"))
    assert "colour" in refusal(folder)
    assert [*verdict.parent.iterdir()] == [verdict], "an invalid contract is not cached"


def test_another_validator_does_not_reuse_a_verdict() -> None:
    verdict = verdict_of(b"contract", b"standard", "jsonschema 1")
    assert verdict_of(b"contract", b"standard", "jsonschema 1") == verdict
    assert (
        len({verdict, verdict_of(b"contract", b"standard", "jsonschema 2"), verdict_of(b"contracts", b"tandard")}) == 3
    )


@pytest.mark.parametrize("home", ["/dev/null", "not/absolute"])
def test_without_a_cache_folder_contracts_are_validated_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    assert load_contracts(write(tmp_path))
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize(
    ("declared", "is_personal"),
    [
        ({}, False),
        ({"classification": "personal"}, True),
        ({"customProperties": [{"property": "pii", "value": True}]}, True),
        ({"customProperties": [{"property": "pii", "value": False}]}, False),
        ({"customProperties": [{"property": "personAttribute", "value": "national_id"}]}, True),
        ({"customProperties": [{"property": "personAttribute", "value": "city"}]}, False),
    ],
)
def test_a_column_is_personal_by_its_classification_or_by_the_attribute_of_a_person(
    declared: dict[str, Any], is_personal: bool
) -> None:
    item = {"name": "a", "logicalType": "string", "physicalType": "VARCHAR", **declared}
    assert column_of("x.yaml", item).personal is is_personal
