"""A program file is read exactly: its defaults, its parameters, and what its reader is warned about."""

import json
import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from refi_assets.errors import SettingError
from refi_assets.offers.program import Program
from refi_assets.offers.program_warnings import program_warnings, warnings_of
from refi_assets.offers.programs import PROGRAMS_DIR, load_program, programs
from refi_assets.offers.yaml_places import key_text
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.sql_models import Parameter, SqlModel
from tests.support.program_files import BARE, changed_program, filter_files

SHARED_DATA = Path(os.environ.get("REFI_SHARED_DATA") or PROJECT_DIR.parent / "shared" / "data")
ORIGINAL = SHARED_DATA / "offers" / "loan_offer_targeting.original.yaml"
needs_original = pytest.mark.skipif(not ORIGINAL.is_file(), reason="the original program file is not here")

# The values of the issue for what the original lacks.
ADDED = {
    "product": "personal_loan",
    "score_band_excellent": Decimal("0.8"),
    "score_band_good": Decimal("0.6"),
    "score_band_fair": Decimal("0.4"),
    "min_loan_amount": Decimal(1000),
    "origination_fee_pct": Decimal(3),
    "max_default_probability": Decimal("0.08"),
    "max_existing_loans": 2,
    "max_income_variation": Decimal("0.5"),
    "employment_accepted": ("full_time", "part_time", "self_employed", "retired", "public_assistance"),
    "suppression_days": 90,
    "max_mapr_pct": Decimal(36),
}


@pytest.fixture
def filters(tmp_path: Path) -> Path:
    return filter_files(tmp_path / "filters", "own_rule")


@pytest.fixture
def bare(tmp_path: Path, filters: Path) -> Program:
    return load_program(changed_program(tmp_path), filters_dir=filters)


def _values(program: Program) -> dict[str, object]:
    return {name: parameter.value for name, parameter in program.parameters.items()}


def _warnings(program: Program) -> list[str]:
    return [f"{key_text(warning.key)}: {warning.text}" for warning in program_warnings(program, ["NJ", "NY"])]


def test_a_file_without_the_added_keys_has_their_defaults(bare: Program) -> None:
    assert {name: _values(bare)[name] for name in ADDED} == ADDED
    assert not bare.prescreened


def test_our_program_writes_the_added_keys_out(filters: Path) -> None:
    path = PROGRAMS_DIR / "loan_offer_targeting.yaml"
    ours = load_program(path, filters_dir=filters)
    assert {name: _values(ours)[name] for name in ADDED} == ADDED
    written = ("product", "prescreened", "scoreBands", "minLoanAmount", "originationFeePct", "maxDefaultProbability")
    of_filters = ("maxExistingLoans", "maxIncomeVariation", "employmentAccepted", "suppressionDays", "maxMaprPct")
    assert all(f"{key}:" in path.read_text("utf-8") for key in (*written, *of_filters))
    assert [model.endpoint for model in ours.models] == [
        "mlflow://loan_approval@champion",
        "mlflow://default_risk@champion",
    ]


@needs_original
def test_the_original_is_accepted_unchanged_and_ours_has_its_values(filters: Path) -> None:
    original = load_program(ORIGINAL, filters_dir=filters)
    ours = load_program(PROGRAMS_DIR / "loan_offer_targeting.yaml", filters_dir=filters)
    assert original.parameters == ours.parameters
    assert original.segments == ours.segments
    assert (original.key, original.batch_cron) == (ours.key, ours.batch_cron) == ("loan_offer_targeting", "0 2 * * 1")
    assert [model.name for model in original.models] == ["loan-approval-v4", "default-risk-v3"]


@needs_original
def test_every_key_of_the_original_without_effect_is_reported(filters: Path) -> None:
    original = load_program(ORIGINAL, filters_dir=filters)
    warnings = "\n".join(_warnings(original))
    without_effect = (
        *("connector", "account", "database", "schema", "query"),
        *("templateId", "sendTime", "timezone", "personalization", "includePreApprovalDetails"),
        *("bannerType", "displayDuration", "placement", "message", "excellentCreditOnly", "priority"),
    )
    assert [key for key in without_effect if key not in warnings] == []


def test_a_query_that_prefilters_warns_that_rejected_customers_leave_no_trace(
    tmp_path: Path, filters: Path, bare: Program
) -> None:
    [warning] = [text for text in _warnings(bare) if "leave no trace" in text]
    assert warning.startswith("dataConnectors[0].config.query: it selects customers")
    assert "WHERE income > 0" in warning
    whole = changed_program(tmp_path, ("        WHERE income > 0\n", ""))
    assert "leave no trace" not in "".join(_warnings(load_program(whole, filters_dir=filters)))


@pytest.mark.parametrize("clause", ["LIMIT 10", "JOIN accounts USING (customer_id)", "HAVING COUNT(*) > 1"])
def test_other_clauses_prefilter_too(tmp_path: Path, filters: Path, clause: str) -> None:
    program = load_program(changed_program(tmp_path, ("WHERE income > 0", clause)), filters_dir=filters)
    assert "leave no trace" in "".join(_warnings(program))


def test_a_segment_below_the_minimum_score_is_a_note_if_a_band_can_lower_somebody_into_it(bare: Program) -> None:
    [note] = [text for text in _warnings(bare) if "minCreditScore" in text]
    assert note.startswith("loanOfferStrategy.segments[2].creditScoreRange: note: fair (620 to 659)")


def test_scores_that_pass_but_are_in_no_segment_are_a_note(tmp_path: Path, filters: Path) -> None:
    path = changed_program(tmp_path, ("minCreditScore: 660", "minCreditScore: 600"), ("[740, 850]", "[740, 840]"))
    notes = [text for text in _warnings(load_program(path, filters_dir=filters)) if "no segment" in text]
    assert ["from 600 to 619" in notes[0], "from 841 to 850" in notes[1]] == [True, True]


def test_only_an_endpoint_outside_the_registry_warns(bare: Program) -> None:
    assert [text[:27] for text in _warnings(bare) if "registry" in text] == ["scoringModels[0].endpoint: "]


def test_a_rule_that_is_switched_off_warns(tmp_path: Path, filters: Path) -> None:
    path = changed_program(tmp_path, ("checkStateLaws: true", "checkStateLaws: false"))
    warnings = "".join(_warnings(load_program(path, filters_dir=filters)))
    assert "filterChain[4].parameters.checkStateLaws: switched off" in warnings


def test_features_stand_for_columns_of_the_models_input(bare: Program) -> None:
    assert bare.approval_model.columns == (
        *("credit_score", "worst_payment_delay_3m", "worst_payment_delay_6m", "worst_payment_delay_12m"),
        *("mean_payment_delay_3m", "mean_payment_delay_6m", "mean_payment_delay_12m"),
    )
    assert bare.risk_model.columns == ("account_age", "transactions_90d", "overdrafts_12m")


def test_an_endpoint_has_a_scheme_a_name_and_for_a_registered_model_a_version(bare: Program) -> None:
    parts = [(model.scheme, model.name, model.alias_or_version) for model in bare.models]
    assert parts == [("sagemaker", "approval-v4", ""), ("mlflow", "risk", "champion")]


def test_the_terms_of_a_segment_are_exact(bare: Program) -> None:
    segment = bare.segments[1]
    assert (segment.credit_tier, segment.score_from, segment.score_to) == ("good", 660, 739)
    terms = (segment.max_loan_amount, segment.interest_rate_pct, segment.term_months)
    assert terms == (Decimal(20000), Decimal("6.75"), 48)


def test_filters_are_in_their_order_whatever_that_of_the_file(tmp_path: Path, filters: Path) -> None:
    path = changed_program(tmp_path, ("order: 1\n", "order: 6\n"))
    names = [step.name for step in load_program(path, filters_dir=filters).filters]
    assert names == ["credit_qualification", "affordability", "eligibility", "regulatory_compliance", "trust"]


def test_a_filter_is_added_by_an_sql_file_and_three_lines(tmp_path: Path, filters: Path) -> None:
    lines = '  - filterId: "own-rule"\n    type: "business-rule"\n    order: 6\n'
    path = changed_program(tmp_path, ("\nchannels:\n", f"{lines}\nchannels:\n"))
    step = load_program(path, filters_dir=filters).filters[-1]
    assert (step.name, step.parameters) == ("own_rule", {})


def test_parameters_of_ones_own_filter_have_the_types_of_their_values(tmp_path: Path, filters: Path) -> None:
    parameters = 'minBalance: 500, maxShare: 0.25, isStrict: true, kind: "basic", regions: [north, south], none: []'
    step = f"  - {{filterId: own-rule, type: business-rule, order: 6, parameters: {{{parameters}}}}}\n"
    reads = ":min_balance, :max_share, :is_strict, :kind, 1 IN (:regions), 1 IN (:none)"
    (filters / "own_rule.sql").write_text(f"SELECT {reads}", "utf-8")
    program = load_program(changed_program(tmp_path, ("\nchannels:\n", f"{step}\nchannels:\n")), filters_dir=filters)
    assert program.filters[-1].parameters == {
        "min_balance": Parameter(500, "BIGINT"),
        "max_share": Parameter(Decimal("0.25"), "DECIMAL(18,6)"),
        "is_strict": Parameter(True, "BOOLEAN"),
        "kind": Parameter("basic", "VARCHAR"),
        "regions": Parameter(("north", "south"), "VARCHAR"),
        "none": Parameter(("",), "VARCHAR"),
    }
    assert Program.model_validate(json.loads(json.dumps(program.values))) == program


def test_parameters_are_bound_with_their_types_and_an_empty_list_is_never_in(bare: Program) -> None:
    model = SqlModel(
        "offers/example",
        "SELECT 1 AS n WHERE 'NY' NOT IN (:excluded_states) AND :check_state_laws AND NOT :sms_enabled "
        "AND :email_enabled AND :max_debt_to_income = 0.4 AND :min_loan_amount = 1000 AND :program_id = 'spring-loans'",
    )
    assert duckdb.sql(model.bind(bare.parameters).sql("duckdb")).fetchall() == [(1,)]


def test_values_are_json_that_is_read_as_an_equal_program(bare: Program) -> None:
    again = Program.model_validate(json.loads(json.dumps(bare.values)))
    assert again == bare
    assert again.sha256 == bare.sha256


def test_the_hash_is_that_of_the_values_not_of_the_layout(tmp_path: Path, filters: Path, bare: Program) -> None:
    layout = changed_program(tmp_path, ("enabled: true\nmarketplaces", "# a comment\nmarketplaces"))
    layout.write_text(layout.read_text("utf-8") + "enabled: true\n", "utf-8")
    assert load_program(layout, filters_dir=filters).sha256 == bare.sha256
    changed = changed_program(tmp_path, ("interestRate: 8\n", "interestRate: 8.01\n"))
    assert load_program(changed, filters_dir=filters).sha256 != bare.sha256


def test_each_file_of_the_folder_is_a_program_by_its_key(tmp_path: Path, filters: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "spring-loans.yaml").write_text(BARE, "utf-8")
    (folder / "autumn_loans.yaml").write_text(BARE.replace("spring-loans", "autumn-loans"), "utf-8")
    assert sorted(programs(folder, filters)) == ["autumn_loans", "spring_loans"]


def test_two_files_with_one_program_id_are_refused(tmp_path: Path, filters: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("spring-loans", "spring_loans"):
        (folder / f"{name}.yaml").write_text(BARE, "utf-8")
    with pytest.raises(
        SettingError, match=r"spring-loans\.yaml and spring_loans\.yaml have the same programId, spring-loans"
    ):
        programs(folder, filters)


def test_a_file_of_the_folder_with_another_name_than_its_program_is_refused(tmp_path: Path, filters: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "summer.yaml").write_text(BARE, "utf-8")
    with pytest.raises(SettingError, match=r"summer\.yaml, line 1, programId: .* rename it to spring-loans\.yaml"):
        programs(folder, filters)


def test_an_excluded_state_without_a_rule_is_reported(tmp_path: Path, filters: Path) -> None:
    path = changed_program(tmp_path, ("excludedStates: []", "excludedStates: [NY, ZZ]"))
    [warning] = [text for text in _warnings(load_program(path, filters_dir=filters)) if "excludedStates" in text]
    assert "ZZ is not in states.yaml" in warning


def test_that_nobody_reviewed_the_states_is_a_warning(bare: Program) -> None:
    assert warnings_of(bare, ["NY"], is_reviewed=False)[-1].startswith("states.yaml: nobody has reviewed it")
    assert warnings_of(bare, ["NY"], is_reviewed=True) == _warnings(bare)
