"""Groups that are folders of a domain: their relations, their files, their checks, and the names they may have."""

from pathlib import Path

import pytest

from refi_assets.cli.run import domain_of
from refi_assets.errors import SettingError
from refi_assets.orchestration.asset_checks import checking_models
from refi_assets.specs.groups import domain_of_group, folder_groups
from refi_assets.specs.names import catalog_database, short_name
from refi_assets.specs.programs import program_files
from refi_assets.specs.sql_models import load_sql_models

QUERY = "-- A fruit.\n-- grain: name\nSELECT fruit.name FROM staging.fruit AS fruit\n"


def written(folder: Path, *paths: str) -> Path:
    for path in paths:
        file = folder / f"{path}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(QUERY, "utf-8")
    return folder


def test_a_folder_of_a_domain_is_a_group(tmp_path: Path) -> None:
    folder = written(tmp_path, "orchard/fruit", "orchard/ripe/apple", "orchard/ripe/checks/apple/is_red")
    assert folder_groups(folder) == {"ripe": "orchard"}
    models = load_sql_models(folder)
    assert models.keys() == {"orchard/fruit", "ripe/apple", "ripe/checks/apple/is_red"}
    assert models["ripe/apple"].file == "sql/orchard/ripe/apple.sql"


def test_reserved_folders_are_not_groups(tmp_path: Path) -> None:
    folder = written(tmp_path, "orchard/checks/fruit/is_red", "orchard/input/tree", "orchard/measures/fruit")
    assert folder_groups(folder) == {}


def test_a_group_reads_the_inputs_of_its_domain(tmp_path: Path) -> None:
    folder = written(tmp_path, "orchard/input/tree", "orchard/ripe/apple")
    (folder / "orchard/ripe/apple.sql").write_text(QUERY.replace("staging.fruit", "input.tree"), "utf-8")
    assert load_sql_models(folder)["ripe/apple"].inputs == ("staging/fruit",)


@pytest.mark.parametrize("name", ["staging", "kitchen", next(iter(program_files()))])
def test_a_group_needs_a_name_of_its_own(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path, "kitchen/pie", f"orchard/{name}/apple")
    with pytest.raises(SettingError, match=f"sql/orchard/{name}/: another group is named {name}; rename the folder."):
        folder_groups(folder)


def test_two_domains_cannot_have_one_group(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="sql/orchard/ripe/: another group is named ripe"):
        folder_groups(written(tmp_path, "kitchen/ripe/pie", "orchard/ripe/apple"))


def test_the_domain_of_a_group() -> None:
    groups = ("silver", "gold", "banking", *program_files(), "refi")
    assert [domain_of_group(group) for group in groups] == ["banking"] * 3 + ["offers"] * len(program_files()) + [
        "refi"
    ]


def test_a_group_has_the_policy_of_its_domain_and_a_database_of_its_own() -> None:
    assert domain_of("gold").policy == "banking"
    assert catalog_database("gold/loan_cohort", "lender") == "lender_gold"
    assert short_name("gold/loan_cohort") == "gold.loan_cohort"


def test_checks_are_in_the_folder_of_the_group() -> None:
    files = {model.file for model in checking_models("gold/account_month")}
    assert "sql/banking/gold/account_month.sql" not in files
    assert any(file.startswith("sql/banking/gold/checks/account_month/") for file in files)
