"""GET /readyz: what is served at the moment, and why something is not."""

from refi_assets.api.fields import ContactState, FeaturesState, ModelState, OffersState, Readiness
from refi_assets.api.served import Served
from refi_assets.api.served_offers import ServedProgram
from refi_assets.errors import StoreError


def readiness_of(served: Served) -> Readiness:
    """The state of all that is served."""
    models = [
        ModelState(model=name, version=model.champion.version if model.champion else None, error=model.loading.error)
        for name, model in served.champions.served.items()
    ]
    champions, customers = served.champions.contact, served.customers.contact
    features, keys = served.customers.features, served.authorizer.contact
    return Readiness(
        models=models,
        registry=ContactState(age_seconds=champions.age_seconds, error=champions.error),
        features=FeaturesState(
            age_seconds=customers.age_seconds,
            error=customers.error,
            as_of=features.as_of if features else None,
            run_id=features.run_id if features else None,
            customers=len(features.rows) if features else 0,
        ),
        offers=[_offers_state(served, program) for program in served.offers.served.values()],
        keys=ContactState(age_seconds=keys.age_seconds, error=keys.error),
    )


def _offers_state(served: Served, program: ServedProgram) -> OffersState:
    program_id = program.program.program_id
    scored = served.programs.by_id[program_id]
    week, error = None, None
    try:
        week = program.week()
    except StoreError as failure:
        error = str(failure)
    return OffersState(
        program_id=program_id,
        as_of=week.as_of if week else None,
        run_id=week.run_id if week else None,
        error=error,
        events_error=served.writer.contacts[program_id].error,
        scores_error=scored.contact.error or scored.published.contact.error,
    )


def reason_against(state: Readiness) -> str:
    """Why the API is not ready; empty if it is."""
    absent = [model for model in state.models if model.version is None]
    errors = [*(model.error for model in absent), *(week.error for week in state.offers), state.keys.error]
    if absent or any(errors):
        return " ".join(filter(None, errors)) or "A champion has not been loaded yet."
    if state.models or any(week.run_id for week in state.offers):
        return ""
    if state.registry.error is None and state.registry.age_seconds is None:
        return "The registry has not answered yet."
    return state.registry.error or (
        "There is nothing to serve: no model has a champion (refi model promote NAME VERSION), and no program has "
        "stored offers (refi offers run)."
    )
