"""Errors in a program file whose values are valid alone: contradictions, and names that do not exist."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise

from pydantic.alias_generators import to_camel

from refi_assets.offers.feature_names import feature_columns
from refi_assets.offers.filter_steps import AFFORDABILITY, CREDIT, REGULATORY
from refi_assets.offers.program import Program, Segment
from refi_assets.offers.states import States
from refi_assets.offers.yaml_places import Key, YamlProblem
from refi_assets.specs.sql_models import AS_OF, SqlModel

_STRATEGY, _SEGMENTS = "loanOfferStrategy", ("loanOfferStrategy", "segments")
_LAW = "regulatoryCompliance"

# A chain may lack others, but what follows the chain needs the numbers of these.
_REQUIRED_FILTERS = {
    CREDIT: "maxDebtToIncome decides every amount",
    AFFORDABILITY: "it finds the amount that a customer can afford",
    REGULATORY: "no offer may be made without the law's checks",
}
_REQUIRED_LAWS = {
    "enabled": "a program without the law's checks may not run; set the program's own enabled: false to stop it",
    "truthInLending": "Regulation Z (12 CFR 1026) applies to every offer of consumer credit",
    "fairLending": "Regulation B (12 CFR 1002) applies to every offer of credit",
    "equalCreditOpportunity": "the Equal Credit Opportunity Act (15 U.S.C. 1691) applies to every offer of credit",
}
# Part-time work, retirement and public assistance may not be refused as sources of income; 12 CFR 1002.6(b).
_PROTECTED_EMPLOYMENT = ("part_time", "self_employed", "retired", "public_assistance")


def contradictions(program: Program, states: States, filters: Mapping[str, SqlModel]) -> list[YamlProblem]:
    """Everything about a program that contradicts itself, the states, or the SQL files of filters, by name."""
    present = {step.filter_id for step in program.filter_chain}
    if missing := [filter_id for filter_id in _REQUIRED_FILTERS if filter_id not in present]:
        return [YamlProblem(("filterChain",), f"{name} is missing: {_REQUIRED_FILTERS[name]}.") for name in missing]
    return [
        *_names(program),
        *_models(program),
        *_filters(program, filters),
        *_employment(program),
        *_excluded_states(program),
        *_channels(program),
        *_tiers(program),
        *_score_ranges(program),
        *_reachable(program),
        *_amounts(program),
        *_rates(program, states),
        *_regulation(program),
    ]


def _names(program: Program) -> Iterator[YamlProblem]:
    for index, place in enumerate(program.marketplaces):
        if place != "US":
            yield YamlProblem(
                ("marketplaces", index),
                f"{place!r} is refused: only US is accepted, because the program's rules, disclosures and prices are "
                "those of US law (Regulations B and Z, the Military Lending Act, state licences and caps).",
            )
    yield from _repeated("dataConnectors", "connectorId", [item.connector_id for item in program.connectors])
    yield from _repeated("scoringModels", "modelId", [model.model_id for model in program.models])
    yield from _repeated("filterChain", "filterId", [step.filter_id for step in program.filter_chain])
    yield from _repeated("filterChain", "order", [step.order for step in program.filter_chain])
    yield from _repeated("channels", "channelId", [channel.channel_id for channel in program.channels])
    yield from _repeated("channels", "priority", [channel.priority for channel in program.channels])


def _repeated(where: str, name: str, values: Sequence[str | int]) -> Iterator[YamlProblem]:
    for index, value in enumerate(values):
        if (first := values.index(value)) < index:
            yield YamlProblem((where, index, name), f"{name} {value} is used twice.", (where, first, name))


def _models(program: Program) -> Iterator[YamlProblem]:
    if len(program.models) != 2:
        yield YamlProblem(
            ("scoringModels",),
            f"a program has two models, first that of the approval likelihood, then that of the default probability; "
            f"this one has {len(program.models)}.",
        )
    vocabulary = feature_columns()
    for index, model in enumerate(program.models):
        for position, feature in enumerate(model.features):
            key: Key = ("scoringModels", index, "features", position)
            if feature not in vocabulary:
                close = get_close_matches(feature, vocabulary, n=1)
                hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(vocabulary)}."
                yield YamlProblem(key, f"{feature!r} is not a feature of policies/offers/features.yaml. {hint}")
            elif (first := model.features.index(feature)) < position:
                yield YamlProblem(key, f"{feature} is named twice.", (*key[:-1], first))


def _filters(program: Program, filters: Mapping[str, SqlModel]) -> Iterator[YamlProblem]:
    names: dict[str, Key] = dict.fromkeys(program.own_parameters, ("programId",))
    for index, step in enumerate(program.filter_chain):
        if step.name not in filters:
            yield YamlProblem(
                ("filterChain", index, "filterId"),
                f"{step.filter_id} has no SQL file; write sql/offers/program/filters/{step.name}.sql. "
                f"There are {', '.join(sorted(filters)) or 'none yet'}.",
            )
        for name, key in step.parameter_keys.items():
            place = ("filterChain", index, "parameters", key)
            if name in names:
                yield YamlProblem(place, f"another parameter is named {name}, too; choose another name.", names[name])
            names.setdefault(name, place)
            if step.is_own and step.name in filters and name not in (read := filters[step.name].parameters):
                reads = ", ".join(sorted(read)) or "no parameter"
                yield YamlProblem(place, f"the filter's SQL file does not read :{name}; it reads {reads}.")
        if step.is_own and step.name in filters:
            for name in sorted(filters[step.name].parameters - program.parameters.keys() - {AS_OF}):
                text = f"{to_camel(name)} is missing; the filter's SQL file reads :{name}."
                yield YamlProblem(("filterChain", index, "parameters"), text)


def _employment(program: Program) -> Iterator[YamlProblem]:
    accepted = program.affordability.employment_accepted
    if left_out := [word for word in _PROTECTED_EMPLOYMENT if word not in accepted]:
        yield YamlProblem(
            _filter_key(program, AFFORDABILITY, "employmentAccepted"),
            f"{', '.join(left_out)} must be in the list: income may not be refused because it is from part-time or own "
            "work, retirement benefits or public assistance (12 CFR 1002.6(b)).",
        )


def _excluded_states(program: Program) -> Iterator[YamlProblem]:
    rules = program.regulatory_compliance
    if rules.excluded_states and not rules.check_state_laws:
        yield YamlProblem(
            _filter_key(program, REGULATORY, "excludedStates"),
            f"{', '.join(rules.excluded_states)} would not be excluded, because no state is checked.",
            _filter_key(program, REGULATORY, "checkStateLaws"),
        )


def _channels(program: Program) -> Iterator[YamlProblem]:
    if not any(channel.enabled for channel in program.channels):
        yield YamlProblem(("channels",), "no channel is enabled, so nobody could be reached; enable one.")


def _tiers(program: Program) -> Iterator[YamlProblem]:
    if not program.strategy.enabled:
        yield YamlProblem((_STRATEGY, "enabled"), "the program is nothing but its offers; set its own enabled: false.")
    if not program.strategy.segmented_offers:
        yield YamlProblem(
            (_STRATEGY, "segmentedOffers"), "offers always follow the segments; for one offer, keep one segment."
        )
    yield from _repeated_tiers(program)
    tiers, bands = [segment.credit_tier for segment in program.segments], program.score_bands
    if tiers != list(bands):
        yield YamlProblem(
            (_STRATEGY, "scoreBands"),
            f"the bands are {', '.join(bands)}, but the segments are {', '.join(tiers)}: a tier is the worse of both, "
            "so they need the same names in the same order, best first.",
            _SEGMENTS,
        )
    for (better, above), (worse, least) in pairwise(bands.items()):
        if least >= above:
            yield YamlProblem(
                (_STRATEGY, "scoreBands", worse),
                f"{worse} begins at {least}, {better} at {above}: the bands overlap; the better begins higher.",
                (_STRATEGY, "scoreBands", better),
            )


def _repeated_tiers(program: Program) -> Iterator[YamlProblem]:
    tiers = [segment.credit_tier for segment in program.segments]
    for index, tier in enumerate(tiers):
        if (first := tiers.index(tier)) < index:
            yield YamlProblem(
                (*_SEGMENTS, index, "creditTier"),
                f"creditTier {tier} is used twice.",
                (*_SEGMENTS, first, "creditTier"),
            )


def _score_ranges(program: Program) -> Iterator[YamlProblem]:
    reversed_ranges = [at for at, segment in enumerate(program.segments) if segment.score_from > segment.score_to]
    for index in reversed_ranges:
        yield YamlProblem((*_SEGMENTS, index, "creditScoreRange"), "write the lower score first.")
    if reversed_ranges:
        return
    for index, (better, worse) in enumerate(pairwise(program.segments), 1):
        key, other = ((*_SEGMENTS, at, "creditScoreRange") for at in (index, index - 1))
        ranges = f"{_range(worse)} and {_range(better)}"
        if worse.score_to >= better.score_from:
            yield YamlProblem(key, f"{ranges} overlap or are out of order; list the best scores first.", other)
        elif worse.score_to + 1 < better.score_from:
            hole = f"{worse.score_to + 1} to {better.score_from - 1}"
            yield YamlProblem(key, f"{ranges} leave a hole: nothing says what applies from {hole}.", other)


def _range(segment: Segment) -> str:
    return f"{segment.credit_tier} ({segment.score_from} to {segment.score_to})"


def _reachable(program: Program) -> Iterator[YamlProblem]:
    """A segment that nobody can be in: its scores are too low, and no better segment passes."""
    least = program.credit_qualification.min_credit_score
    for index, segment in enumerate(program.segments):
        if segment.score_to < least and not any(better.score_to >= least for better in program.segments[:index]):
            yield YamlProblem(
                (*_SEGMENTS, index, "creditScoreRange"),
                f"{_range(segment)} is below minCreditScore {least}, and no better segment is above it from which a "
                "score band could lower somebody, so nobody can be in it.",
                _filter_key(program, CREDIT, "minCreditScore"),
            )


def _filter_key(program: Program, filter_id: str, name: str) -> Key:
    index = next(at for at, step in enumerate(program.filter_chain) if step.filter_id == filter_id)
    return ("filterChain", index, "parameters", name)


def _amounts(program: Program) -> Iterator[YamlProblem]:
    for index, segment in enumerate(program.segments):
        if segment.max_loan_amount < program.min_loan_amount:
            yield YamlProblem(
                (*_SEGMENTS, index, "maxLoanAmount"),
                f"{segment.max_loan_amount} is below minLoanAmount {program.min_loan_amount}, so it has no offer.",
                (_STRATEGY, "minLoanAmount"),
            )


def _rates(program: Program, states: States) -> Iterator[YamlProblem]:
    licensed = [code for code, state in states.states.items() if state.licensed]
    highest = max(licensed, key=lambda code: states.states[code].max_apr_pct)
    cap = states.states[highest].max_apr_pct
    for index, segment in enumerate(program.segments):
        if segment.interest_rate_pct > cap:
            yield YamlProblem(
                (*_SEGMENTS, index, "interestRate"),
                f"{segment.interest_rate_pct} % is above the cap of every state in which the lender is licensed; the "
                f"highest is {cap} % ({states.place(highest)}).",
            )


def _regulation(program: Program) -> Iterator[YamlProblem]:
    switches = program.regulation.model_dump(by_alias=True)
    for name, reason in _REQUIRED_LAWS.items():
        if not switches[name]:
            yield YamlProblem((_LAW, name), f"it may not be false: {reason}.")
    apr = [index for index, item in enumerate(program.regulation.disclosures) if item.type == "APR"]
    reason = "every offer of credit states its APR (Regulation Z, 12 CFR 1026.18(e) and 1026.24(c))"
    if not apr:
        yield YamlProblem((_LAW, "disclosures"), f"the disclosure of the APR is missing: {reason}.")
    for index in apr:
        if not program.regulation.disclosures[index].required:
            yield YamlProblem((_LAW, "disclosures", index, "required"), f"it may not be false: {reason}.")
