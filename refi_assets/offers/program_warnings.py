"""Warnings about a valid program file: keys without effect yet, and notes that its reader should know."""

from collections.abc import Collection, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from refi_assets.offers.filter_steps import HIGHEST_SCORE
from refi_assets.offers.program import Program, SnowflakeConnector
from refi_assets.offers.yaml_places import YamlProblem, key_text

UNREVIEWED = "states.yaml: nobody has reviewed it; add reviewed_by and reviewed_on once counsel has."
_DELIVERY = "no effect yet: offers are stored, not delivered"


def program_warnings(program: Program, state_codes: Collection[str]) -> list[YamlProblem]:
    """Every key without effect, and every note, in the order of the file. The codes are those of the known states."""
    return [
        *_program(program),
        *_connectors(program),
        *_models(program),
        *_filters(program, state_codes),
        *_channels(program),
        *_segments(program),
        *_disclosures(program),
    ]


def warnings_of(program: Program, state_codes: Collection[str], *, is_reviewed: bool) -> list[str]:
    """The same as texts that begin with the key, and that nobody has reviewed the states if this is so."""
    warnings = [f"{key_text(item.key)}: {item.text}" for item in program_warnings(program, state_codes)]
    return warnings if is_reviewed else [*warnings, UNREVIEWED]


def _program(program: Program) -> Iterator[YamlProblem]:
    if not program.enabled:
        yield YamlProblem(("enabled",), "the program is switched off: its schedules stay off.")
    if program.prescreened:
        yield YamlProblem(
            ("prescreened",),
            "recorded only: the firm offer and the opt-out notice that a consumer report requires (15 U.S.C. 1681b(c) "
            "and 1681m(d)) belong to delivery.",
        )


def _connectors(program: Program) -> Iterator[YamlProblem]:
    for index, connector in enumerate(program.connectors):
        if not isinstance(connector, SnowflakeConnector):
            if index:
                yield YamlProblem(("dataConnectors", index), "no effect: all customers are in the files of one source.")
            continue
        key = ("dataConnectors", index)
        yield YamlProblem(
            key,
            "no effect yet, neither the connector nor its account, database, schema and query: customers are read from "
            "the files of --source.",
        )
        try:
            condition = _selects(connector.config.query)
        except SqlglotError:
            yield YamlProblem((*key, "config", "query"), "it cannot be read as Snowflake's SQL.")
            continue
        if condition:
            yield YamlProblem(
                (*key, "config", "query"),
                f"it selects customers before the filter chain ({condition}): those it rejects leave no trace, no "
                "reason and no count.",
            )


def _selects(query: str) -> str:
    """The clauses by which a query leaves rows out, as SQL."""
    kinds = (exp.Where, exp.Having, exp.Qualify, exp.Limit, exp.Distinct)
    tree = sqlglot.parse_one(query, read="snowflake")
    joins = [join for join in tree.find_all(exp.Join) if join.side not in ("LEFT", "FULL")]
    clauses = [*tree.find_all(*kinds), *joins]
    return "; ".join(" ".join(clause.sql("snowflake").split()) for clause in clauses)


def _models(program: Program) -> Iterator[YamlProblem]:
    for index, model in enumerate(program.models):
        if model.scheme == "sagemaker":
            yield YamlProblem(
                ("scoringModels", index, "endpoint"),
                "the model is outside the registry, so its hash cannot be pinned, and its scores have no reasons.",
            )


def _filters(program: Program, state_codes: Collection[str]) -> Iterator[YamlProblem]:
    present = {step.filter_id for step in program.filter_chain}
    for index, step in enumerate(program.filter_chain):
        key = ("filterChain", index, "parameters")
        for name, parameter in step.parameters.items():
            if name.startswith("check_") and parameter.value is False and not step.is_own:
                yield YamlProblem((*key, step.parameter_keys[name]), "switched off: nobody is stopped by these rules.")
        if step.filter_id == "regulatory-compliance":
            excluded = program.regulatory_compliance.excluded_states
            if unknown := [code for code in excluded if code not in state_codes]:
                yield YamlProblem(
                    (*key, "excludedStates"),
                    f"{', '.join(unknown)} is not in states.yaml, so nobody there gets an offer anyway.",
                )
    for missing in ("trust", "eligibility"):
        if missing not in present:
            yield YamlProblem(("filterChain",), f"{missing} is missing: nobody is stopped by its rules.")


def _channels(program: Program) -> Iterator[YamlProblem]:
    for index, channel in enumerate(program.channels):
        yield YamlProblem(("channels", index, "priority"), f"{_DELIVERY}.")
        if names := ", ".join(channel.config.model_dump(by_alias=True, exclude_none=True)):
            yield YamlProblem(("channels", index, "config"), f"{names}: {_DELIVERY}.")


def _segments(program: Program) -> Iterator[YamlProblem]:
    least = program.credit_qualification.min_credit_score
    for index, segment in enumerate(program.segments):
        if segment.score_to < least:  # program_checks refuses one into which nobody can be lowered
            yield YamlProblem(
                ("loanOfferStrategy", "segments", index, "creditScoreRange"),
                f"note: {segment.credit_tier} ({segment.score_from} to {segment.score_to}) is below minCreditScore "
                f"{least}: only a score band can lower somebody into it.",
            )
    lowest, highest = program.segments[-1].score_from, program.segments[0].score_to
    for score_from, score_to in ((least, lowest - 1), (highest + 1, HIGHEST_SCORE)):
        if score_from <= score_to:
            yield YamlProblem(
                ("loanOfferStrategy", "segments"),
                f"note: credit scores from {score_from} to {score_to} pass minCreditScore, but are in no segment.",
            )


def _disclosures(program: Program) -> Iterator[YamlProblem]:
    for index, item in enumerate(program.regulation.disclosures):
        if not item.required:
            yield YamlProblem(
                ("regulatoryCompliance", "disclosures", index, "required"),
                f"no effect: every offer states its {item.type} (12 CFR 1026.18).",
            )
