"""Every kind of fault has its own fix and the command that shows its rows."""

import re

import pytest
import sqlglot

from refi_assets.defs.refi import REFI
from refi_assets.lake import FolderStore, RunFolder
from refi_assets.orchestration.domain import program_domain
from refi_assets.orchestration.fixes import advice, check_fix_of, fixes_of
from refi_assets.specs.outcomes import Cause, Outcome
from tests.support.running import definitions

RATE = ("not_a_number", "current_interest_rate", None)
QUOTING = ("malformed_row", None, "broken quoting")
FIELDS = ("malformed_row", None, "16 fields instead of 15")


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder(FolderStore(str(tmp_path / "a lake")), "run-1")


def advice_of(folder: RunFolder, source: str, *causes: Cause) -> list[str]:
    return advice(REFI, f"staging/{source}", "quarantine_is_small", Outcome(False, 100, "", causes=causes), folder)


@pytest.mark.parametrize(
    ("kind", "shape", "text"),
    [
        (RATE, "9.999%", "without the percent sign"),
        (RATE, "9.9 %", "without the percent sign"),
        (RATE, "'9.99", "without the apostrophe"),
        (RATE, '="9.99"', "not formulas"),
        (RATE, "9.9E+99", "all its digits"),
        (RATE, "9e9", "all its digits"),
        (RATE, "9999-99-99", "A date or time"),
        (RATE, "9/9/9999", "A date or time"),
        (RATE, "99.99.9999", "A date or time"),
        (RATE, "Aaa-99", "A date or time"),
        (RATE, "9-Aaa", "A date or time"),
        (RATE, "9:99:99", "A date or time"),
        (RATE, "$9,999.99", "without currency signs"),
        (RATE, "-€99", "without currency signs"),
        (RATE, "999 AAA", "without currency signs"),
        (RATE, "999,999.99", "without thousands separators"),
        (RATE, "9,999,999", "without thousands separators"),
        (RATE, "9 999.99", "without thousands separators"),
        (RATE, "9_999", "without thousands separators"),
        (RATE, "9,99", "decimal point"),
        (RATE, "9,999", "decimal point"),
        (RATE, "9.999,99", "decimal point"),
        (RATE, "(999.99)", "minus sign"),
        (RATE, "9.99-", "minus sign"),
        (RATE, "#AAA/9!", "formula failed"),
        (RATE, "#A/A", "formula failed"),
        (RATE, "999.9", "whole numbers"),
        (RATE, "9.99 aaa", "without a unit"),
        (RATE, "9-9", "without a unit"),
        (RATE, "9a99", "without a unit"),
        (RATE, "Aaaaa", "Leave the cell empty"),
        (("not_a_boolean", "sms_opt_in", None), "9.9", "1 or 0"),
        (("not_a_boolean", "sms_opt_in", None), "Aaaaa Aaa", "true or false"),
        (("implausible", "market_rate_offer", None), "9.9999", "multiply by 100"),
        (("out_of_range", "current_interest_rate", None), "-9", "sign"),
        (("out_of_range", "current_interest_rate", None), "999", "another unit"),
        (("missing_key", "borrower_id", None), None, "must be filled"),
        (("duplicate_row", None, None), None, "Export each row once"),
        (("conflicting_key", None, None), None, "current state of each loan once"),
        (("conflicting_key", None, "rows of one loan_id differ in borrower_id"), None, "Joint loans"),
        (QUOTING, '="A9"', 'without Excel\'s ="…"'),
        (QUOTING, '9" aaaa', "double the quotes"),
        (FIELDS, "A9,$9,999,9", "A comma inside a cell"),
        (FIELDS, "A9,Aaaa, Aaa,9", "cells that contain commas"),
        (("malformed_row", None, "not UTF-8"), "A\u2019Aaaa", "Windows-1252"),
        (("malformed_row", None, "longer than 2097152 bytes"), "a", "is not closed"),
    ],
)
def test_each_kind_of_fault_has_its_own_fix(folder, kind, shape, text) -> None:
    reason, column, problem = kind
    first, command = advice_of(folder, "loan_information", Cause(reason, 1200, column, problem, shape))

    assert first.startswith(f"- {reason}")
    assert ": 1,200" in first
    assert text in first
    assert column is None or f"in column {column}" in first
    assert shape is None or f"such as {shape}" in first
    assert problem is None or f"({problem})" in first
    expected = f"See the rows: refi quarantine --run run-1 --source loan_information --reason {reason}"
    assert command == f"{expected} --lake '{folder.lake.name}'", "the lake is not the deployment's"


def test_the_command_names_the_program_since_there_may_be_several(folder) -> None:
    outcome = Outcome(False, 100, "", causes=(Cause("missing_key", 1),))
    program = program_domain("loan_offer_targeting")
    command = advice(program, "staging/offer_history", "quarantine_is_small", outcome, folder)[-1]
    assert "refi offers quarantine --run run-1 --source offer_history" in command
    assert " --program loan-offer-targeting " in command


def test_several_offers_for_a_home_have_their_own_fix(folder) -> None:
    assert "`product`" in advice_of(folder, "market_equity", Cause("conflicting_key", 2))[0]


def test_the_deployments_own_lake_need_not_be_named(folder, monkeypatch) -> None:
    from refi_assets.settings import forget_settings

    monkeypatch.setenv("REFI_LAKE_URL", folder.lake.name)
    forget_settings()
    assert advice_of(folder, "market_equity", Cause("duplicate_row", 2))[-1].endswith("--reason duplicate_row")
    monkeypatch.undo()
    forget_settings()


def test_five_causes_are_shown_and_each_reason_has_one_command(folder) -> None:
    causes = [Cause("not_a_number", 9 - n, f"column_{n}", shape="9%") for n in range(5)]
    lines = advice_of(folder, "loan_information", *causes, Cause("missing_key", 1))

    assert [line for line in lines if line.startswith("- ")][-1] == "- and others"
    assert sum(line.startswith("- not_a_number") for line in lines) == 5
    assert sum(line.startswith("See the rows") for line in lines) == 1


def test_every_check_of_ours_that_blocks_says_what_to_do_and_its_query_can_be_parsed() -> None:
    graph = definitions("splink").resolve_asset_graph()
    with_causes = {"quarantine_is_small", "borrowers_match", "audience_not_empty"}
    of_refi = (
        definitions("splink").resolve_job_def("refi").asset_layer.executable_asset_keys
    )  # other domains test their own
    for key in graph.asset_check_keys:
        if key.asset_key in of_refi and graph.get_check_spec(key).blocking and key.name not in with_causes:
            assert check_fix_of(fixes_of(key.asset_key.path[0]), "/".join(key.asset_key.path), key.name).fix, key
    for domain in ("refi", "identity"):
        for check in fixes_of(domain).checks.values():
            if check.command and (query := re.search('"(.*)"', check.command)):
                sqlglot.parse_one(query[1].replace("{source}", "market_equity"), read="athena")
