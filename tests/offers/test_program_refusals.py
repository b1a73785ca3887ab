"""A program file that is wrong or contradicts itself is refused with the file, the line and the key."""

from pathlib import Path

import pytest

from refi_assets.errors import SettingError
from refi_assets.offers.programs import load_program
from refi_assets.offers.states import load_states
from tests.support.program_files import BARE, changed_program, filter_files, line_of, refusal_of

CREDIT, LAWS = "filterChain[1].parameters.", "filterChain[4].parameters."
STRATEGY, REGULATION = "loanOfferStrategy.", "regulatoryCompliance."
SEGMENT = "loanOfferStrategy.segments[{}]."
APR = '    - type: "APR"\n      required: true\n'

# What is replaced, by what, a text of the line that is named, the key, and words of the message.
WRONG = [
    ("minCreditScore: 660", "minCreditScor: 660", "minCreditScore", f"{CREDIT}minCreditScor", "mean minCreditScore?"),
    ("programName", "programTitle", "programName", "programTitle", "unknown key"),
    ('sendTime: "10:00"', 'sendAt: "10:00"', "sendTime", "channels[0].config.sendAt", "unknown key"),
    ("minCreditScore: 660", "minCreditScore: 299", "minCreditScore", f"{CREDIT}minCreditScore", "300"),
    ("minCreditScore: 660", "minCreditScore: 6e2", "minCreditScore", f"{CREDIT}minCreditScore", "a number, not '6e2'"),
    ("maxDebtToIncome: 0.4", "maxDebtToIncome: 40", "maxDebtToIncome", f"{CREDIT}maxDebtToIncome", "10"),
    ("maxDebtToIncome: 0.4", "maxDebtToIncome: yes", "maxDebtToIncome", f"{CREDIT}maxDebtToIncome", "a number"),
    ("excludedStates: []", "excludedStates: [ny]", "excludedStates", f"{LAWS}excludedStates[0]", "'ny'"),
    ("checkStateLaws: true", "checkStateLaws: 1", "checkStateLaws", f"{LAWS}checkStateLaws", "boolean"),
    ("interestRate: 8\n", "interestRate: -1\n", "interestRate: 8", f"{SEGMENT.format(2)}interestRate", "0"),
    ("term: 36", "term: 3.5", "term: 36", f"{SEGMENT.format(2)}term", "integer"),
    ("[740, 850]", "[740, 900]", "[740, 850]", f"{SEGMENT.format(0)}creditScoreRange[1]", "850"),
    ("[740, 850]", "[740]", "[740, 850]", f"{SEGMENT.format(0)}creditScoreRange[1]", "missing"),
    ("[740, 850]", "740", "[740, 850]", f"{SEGMENT.format(0)}creditScoreRange", "a list"),
    ("[740, 850]", "[850, 740]", "[740, 850]", f"{SEGMENT.format(0)}creditScoreRange", "the lower score first"),
    ("candidateTTLDays: 60", "candidateTTLDays: 0", "candidateTTLDays", "candidateTTLDays", "1"),
    ('sendTime: "10:00"', 'sendTime: "25:00"', "sendTime", "channels[0].config.sendTime", "form"),
    ('"spring-loans"', '"Spring Loans"', "spring-loans", "programId", "form"),
    ('type: "snowflake"', 'type: "snowflak"', "snowflake", "dataConnectors[0].type", "Did you mean snowflake?"),
    ('type: "trust"', 'type: "trusted"', 'type: "trust"', "filterChain[0].type", "'trusted' is not valid here"),
    ('type: "sms"', 'type: "fax"', 'type: "sms"', "channels[2].type", "valid: 'email', 'in-app', 'sms'"),
    ('"credit_score",', '"credit_scores",', '"credit_score"', "scoringModels[0].features[0]", "mean credit_score?"),
    ('"credit_score",', '"age",', '"credit_score"', "scoringModels[0].features[0]", "There are credit_score, income"),
    ("mlflow://risk@champion", "mlflow://risk", "mlflow", "scoringModels[1].endpoint", "mlflow://<name>@<alias>"),
    ("mlflow://risk@champion", "https://risk", "mlflow", "scoringModels[1].endpoint", "sagemaker://<name>"),
    ('["US"]', '["US", "MX"]', "marketplaces", "marketplaces[1]", "only US is accepted, because"),
    ("cron(30 3 ? * TUE *)", "every Tuesday", "batchSchedule", "batchSchedule", "cannot be read"),
    ("cron(30 3 ? * TUE *)", "cron(30 3 ? * TUE 2027)", "batchSchedule", "batchSchedule", "year"),
    ("truthInLending: true", "truthInLending: false", "truthInLending", f"{REGULATION}truthInLending", "Regulation Z"),
    ("fairLending: true", "fairLending: false", "fairLending", f"{REGULATION}fairLending", "Regulation B"),
    ("segmentedOffers: true", "segmentedOffers: false", "segmentedOffers", f"{STRATEGY}segmentedOffers", "one segment"),
    (APR, APR.replace("true", "false"), '"APR"\n', f"{REGULATION}disclosures[0].required", "1026.18"),
    (APR, "", "  disclosures:", f"{REGULATION}disclosures", "APR is missing"),
]


@pytest.mark.parametrize(("old", "new", "at", "key", "words"), WRONG)
def test_a_wrong_value_is_refused_with_its_file_line_and_key(
    tmp_path: Path, old: str, new: str, at: str, key: str, words: str
) -> None:
    # A disclosure's `required` is on the line after its type.
    line = line_of(at, BARE) + key.endswith(".required")
    message = refusal_of(tmp_path, (old, new))
    assert message.startswith(f"spring.yaml, line {line}, {key}: ")
    assert words in message


# What is replaced, by what; a place on the line that is named and its key; the same for what it contradicts; and words.
# Places are those of the changed file.
CONTRADICTIONS = [
    (
        ("[660, 739]", "[660, 740]"),
        ("[660, 740]", f"{SEGMENT.format(1)}creditScoreRange"),
        ("[740, 850]", f"{SEGMENT.format(0)}creditScoreRange"),
        "good (660 to 740) and excellent (740 to 850) overlap",
    ),
    (
        ("[660, 739]", "[660, 730]"),
        ("[660, 730]", f"{SEGMENT.format(1)}creditScoreRange"),
        ("[740, 850]", f"{SEGMENT.format(0)}creditScoreRange"),
        "leave a hole: nothing says what applies from 731 to 739",
    ),
    (
        ("order: 4", "order: 2  # again"),
        ("again", "filterChain[3].order"),
        ("order: 2\n", "filterChain[1].order"),
        "order 2 is used twice",
    ),
    (
        ('channelId: "app"', 'channelId: "mail"  # again'),
        ("again", "channels[1].channelId"),
        ('channelId: "mail"\n', "channels[0].channelId"),
        "channelId mail is used twice",
    ),
    (
        ("segmentedOffers: true", "segmentedOffers: true\n  minLoanAmount: 15000"),
        ("maxLoanAmount: 10000", f"{SEGMENT.format(2)}maxLoanAmount"),
        ("minLoanAmount", f"{STRATEGY}minLoanAmount"),
        "10000 is below minLoanAmount 15000",
    ),
    (
        (
            "segmentedOffers: true",
            "segmentedOffers: true\n  scoreBands:\n    excellent: .8\n    good: 0.8\n    fair: 0.4",
        ),
        ("good: 0.8", f"{STRATEGY}scoreBands.good"),
        ("excellent: .8", f"{STRATEGY}scoreBands.excellent"),
        "the bands overlap",
    ),
    (
        ("segmentedOffers: true", "segmentedOffers: true\n  scoreBands: {excellent: 0.8, fair: 0.4}"),
        ("scoreBands", f"{STRATEGY}scoreBands"),
        ("  segments:", f"{STRATEGY}segments"),
        "the bands are excellent, fair, but the segments are excellent, good, fair",
    ),
    (
        ('creditTier: "good"', 'creditTier: "excellent"  # again'),
        ("again", f"{SEGMENT.format(1)}creditTier"),
        ('"excellent"\n', f"{SEGMENT.format(0)}creditTier"),
        "creditTier excellent is used twice",
    ),
    (
        ('"credit_score", ', '"payment_history",\n               '),
        ('"payment_history"]', "scoringModels[0].features[1]"),
        ('"payment_history",', "scoringModels[0].features[0]"),
        "payment_history is named twice",
    ),
]


@pytest.mark.parametrize(("change", "refused", "against", "words"), CONTRADICTIONS)
def test_a_contradiction_is_refused_with_both_lines(
    tmp_path: Path, change: tuple[str, str], refused: tuple[str, str], against: tuple[str, str], words: str
) -> None:
    text = BARE.replace(*change)
    message = refusal_of(tmp_path, change)
    assert f"spring.yaml, line {line_of(refused[0], text)}, {refused[1]}: " in message
    assert f" See line {line_of(against[0], text)}, {against[1]}." in message
    assert words in message


def test_a_segment_that_nobody_can_be_in_is_refused_with_both_lines(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, ("[740, 850]", "[740, 780]"), ("minCreditScore: 660", "minCreditScore: 790"))
    for place, key in (
        ("[740, 850]", f"{SEGMENT.format(0)}creditScoreRange"),
        ("minCredit", f"{CREDIT}minCreditScore"),
    ):
        assert f"line {line_of(place, BARE)}, {key}" in message


@pytest.mark.parametrize("word", ["part_time", "self_employed", "retired", "public_assistance"])
def test_an_employment_list_keeps_the_incomes_that_regulation_b_protects(tmp_path: Path, word: str) -> None:
    words = {"full_time", "part_time", "self_employed", "retired", "public_assistance"} - {word}
    accepted = f"checkEmploymentStatus: true\n      employmentAccepted: [{', '.join(sorted(words))}]"
    message = refusal_of(tmp_path, ("checkEmploymentStatus: true", accepted))
    line = line_of("checkEmploymentStatus", BARE) + 1
    assert message.startswith(f"spring.yaml, line {line}, filterChain[2].parameters.employmentAccepted: {word} must be")
    assert "12 CFR 1002.6(b)" in message


def test_states_that_would_not_be_excluded_are_refused_with_both_lines(tmp_path: Path) -> None:
    changes = ("checkStateLaws: true", "checkStateLaws: false"), ("excludedStates: []", "excludedStates: [CA]")
    message = refusal_of(tmp_path, *changes)
    assert f"line {line_of('excludedStates', BARE)}, filterChain[4].parameters.excludedStates: CA would not" in message
    assert f"line {line_of('checkStateLaws', BARE)}" in message


def test_a_rate_above_every_states_cap_is_refused_with_the_line_of_the_highest_cap(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, ("interestRate: 8\n", "interestRate: 36.000001\n"))
    assert message.startswith(
        f"spring.yaml, line {line_of('interestRate: 8', BARE)}, {SEGMENT.format(2)}interestRate: "
    )
    assert "the highest is 36 % (states.yaml, line" in message


def test_the_cap_is_that_of_a_state_with_a_licence(tmp_path: Path) -> None:
    row = "{{licensed: {}, max_apr_pct: {}, source: s, as_of: 2026-01-01}}"
    file = tmp_path / "two.yaml"
    file.write_text(f"states:\n  AA: {row.format('true', 7)}\n  BB: {row.format('false', 30)}\n", "utf-8")
    with pytest.raises(SettingError, match=r"8 % is above the cap .* highest is 7 % \(two\.yaml, line 2, states\.AA\)"):
        load_program(
            changed_program(tmp_path), filters_dir=filter_files(tmp_path / "filters"), states=load_states(file)
        )


def test_a_missing_key_is_refused_at_the_line_of_what_lacks_it(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, ("      minCreditScore: 660\n", ""))
    line = line_of("minCreditScore", BARE) - 1
    assert (
        message == f"spring.yaml, line {line}, filterChain[1].parameters.minCreditScore: this key is missing; add it."
    )


def test_a_filter_without_an_sql_file_is_refused_with_the_files_there_are(tmp_path: Path) -> None:
    step = '  - filterId: "own-rule"\n    type: "business-rule"\n    order: 6\n'
    message = refusal_of(tmp_path, ("\nchannels:\n", f"{step}\nchannels:\n"))
    assert "filterChain[5].filterId: own-rule has no SQL file; write sql/offers/program/filters/own_rule.sql" in message
    assert "There are affordability, credit_qualification, eligibility, regulatory_compliance, trust." in message


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("{minCreditScore: 5}", "another parameter is named min_credit_score"),
        ("{programId: x}", "another parameter is named program_id"),
        ("{min-score: 5}", "filterChain[5].parameters.min-score: a name consists of letters and digits"),
        ("{asOf: 5}", "filterChain[5].parameters.asOf: a name consists of letters and digits, begins with a-z, and is"),
        ("{words: [north, 5]}", "filterChain[5].parameters.words: a list consists of texts only"),
        ("{maxBalanc: 5}", "filterChain[5].parameters.maxBalanc: the filter's SQL file does not read :max_balanc"),
        ("{share: 0.1234567}", "filterChain[5].parameters.share: a number has at most"),
    ],
)
def test_parameters_of_ones_own_filter_are_refused_with_the_reason(tmp_path: Path, parameters: str, words: str) -> None:
    step = f"  - {{filterId: own-rule, type: business-rule, order: 6, parameters: {parameters}}}\n"
    assert words in refusal_of(tmp_path, ("\nchannels:\n", f"{step}\nchannels:\n"), more=("own_rule",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "programId: this key is missing"),
        ("- a\n", "the file: should be keys with values"),
        ("a: [1\n", "cannot be read as YAML"),
        (f"{BARE}enabled: true\n", r"enabled: duplicate key; see line 3"),
        (
            BARE.replace("enabled: true\nmarket", "enabled: &on true\nprescreened: *on\nmarket"),
            "line 4, prescreened: an alias",
        ),
        ("a: " + "[" * 5000, "cannot be read as YAML|nested too deeply"),
        ("a: " + "[" * 900 + "]" * 900, "nested too deeply|unknown key"),
    ],
)
def test_a_file_that_is_not_a_program_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "spring.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingError, match=words):
        load_program(path, filters_dir=filter_files(tmp_path / "filters"))


def test_all_problems_are_listed_each_on_its_line(tmp_path: Path) -> None:
    message = refusal_of(tmp_path, ("term: 36", "term: 0"), ("fairLending: true", "fairLending: maybe"))
    assert [line.partition(": ")[0] for line in message.splitlines()] == [
        f"spring.yaml, line {line_of('term: 36', BARE)}, {SEGMENT.format(2)}term",
        f"spring.yaml, line {line_of('fairLending', BARE)}, {REGULATION}fairLending",
    ]


@pytest.mark.parametrize("missing", ["credit-qualification", "affordability", "regulatory-compliance"])
def test_a_chain_needs_the_filters_whose_numbers_the_offers_need(tmp_path: Path, missing: str) -> None:
    steps = BARE[BARE.index("filterChain:") : BARE.index("channels:")].split("  - ")
    [step] = [f"  - {step}" for step in steps if missing in step]
    assert f"filterChain: {missing} is missing" in refusal_of(tmp_path, (step, "\n" if step.endswith("\n\n") else ""))


def test_a_program_has_two_models(tmp_path: Path) -> None:
    model = BARE[BARE.index('  - modelId: "risk"') : BARE.index("\nfilterChain:")]
    assert "scoringModels: a program has two models" in refusal_of(tmp_path, (model, ""))


def test_a_program_that_can_reach_nobody_is_refused(tmp_path: Path) -> None:
    on = "enabled: true\n    priority: {}"
    changes = [(on.format(number), on.format(number).replace("true", "false")) for number in (1, 2)]
    assert "channels: no channel is enabled" in refusal_of(tmp_path, *changes)
