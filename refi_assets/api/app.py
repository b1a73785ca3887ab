"""The app: its routes, what is around them, and what runs beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from refi_assets.api.authorization import Authorizer
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import Customers
from refi_assets.api.event_writer import EventWriter
from refi_assets.api.events_route import events_router
from refi_assets.api.fields import ContactState, FeaturesState, Health, ModelState, OffersState, Readiness
from refi_assets.api.invocations import invocations_router
from refi_assets.api.middleware import RequestMiddleware
from refi_assets.api.offer_routes import offers_router
from refi_assets.api.openapi import describe_app
from refi_assets.api.polling import Poller
from refi_assets.api.problems import ProblemError, answer_errors_as_problems, problem_answers
from refi_assets.api.program_scores import ProgramScores
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.api.score_route import score_router
from refi_assets.api.scored_programs import ScoredPrograms
from refi_assets.api.served_offers import ServedOffers, ServedProgram
from refi_assets.errors import StoreError


def create_app(
    champions: Champions,
    customers: Customers,
    programs: ScoredPrograms,
    offers: ServedOffers,
    writer: EventWriter,
    authorizer: Authorizer,
    poll_seconds: float,
    *,
    sagemaker: bool = False,
) -> FastAPI:
    """The API on these champions, customers, programs and offers. With `sagemaker`, /invocations needs no key.

    While it runs, champions, customers and programs are polled, events are written, and the keys' last uses are kept,
    each in a thread of its own.
    """
    metrics = ApiMetrics(champions, customers, offers)
    metrics.registry.register(writer.metrics)

    @asynccontextmanager
    async def polled(_: FastAPI) -> AsyncIterator[None]:
        tasks = (champions.poll, customers.poll, programs.poll, authorizer.keep_last_uses)
        pollers = [Poller(task, poll_seconds) for task in tasks]
        for poller in pollers:
            poller.start()
        async with writer.running():
            yield
        for poller in pollers:
            poller.stop()
        offers.close()

    # No pages of Swagger or ReDoc: they would load their scripts from elsewhere.
    app = FastAPI(
        title="refi",
        version="1",
        lifespan=polled,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(RequestMiddleware, metrics=metrics)
    answer_errors_as_problems(app)
    app.include_router(offers_router(offers, authorizer))
    app.include_router(events_router(writer, authorizer))
    _add_operations(app, champions, customers, offers, metrics)
    program_scores = ProgramScores(programs, offers.clock, poll_seconds)
    app.include_router(score_router(authorizer, champions, customers, program_scores, metrics, poll_seconds))
    app.include_router(invocations_router(None if sagemaker else authorizer, champions, metrics, poll_seconds))
    describe_app(app, champions, programs)
    return app


def _add_operations(
    app: FastAPI, champions: Champions, customers: Customers, offers: ServedOffers, metrics: ApiMetrics
) -> None:
    @app.get("/healthz")
    async def health() -> Health:
        """Whether the process is alive."""
        return Health()

    @app.get("/readyz", responses=problem_answers(503))
    async def readiness() -> Readiness:
        """Whether all that is served can be answered: each model's champion is loaded, and each store can be read.

        If the registry goes away, its last champions are still served, and `registry` has the age of its last answer.
        """
        state = readiness_of(champions, customers, offers)
        if reason := _reason(state):
            members = state.model_dump(mode="json", exclude={"status"})
            raise ProblemError(503, "not-ready", reason, retry_after=offers.retry_seconds, members=members)
        return state

    @app.get("/metrics", name="metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics_text() -> Response:
        """Metrics for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def readiness_of(champions: Champions, customers: Customers, offers: ServedOffers) -> Readiness:
    """The state of all that is served."""
    models = [
        ModelState(model=name, version=served.champion.version if served.champion else None, error=served.loading.error)
        for name, served in champions.served.items()
    ]
    features = customers.features
    return Readiness(
        models=models,
        registry=ContactState(age_seconds=champions.contact.age_seconds, error=champions.contact.error),
        features=FeaturesState(
            age_seconds=customers.contact.age_seconds,
            error=customers.contact.error,
            as_of=features.as_of if features else None,
            run_id=features.run_id if features else None,
            customers=len(features.rows) if features else 0,
        ),
        offers=[_offers_state(served) for served in offers.served.values()],
    )


def _offers_state(served: ServedProgram) -> OffersState:
    week, error = None, None
    try:
        week = served.week()
    except StoreError as failure:
        error = str(failure)
    return OffersState(
        program_id=served.program.program_id,
        as_of=week.as_of if week else None,
        run_id=week.run_id if week else None,
        error=error,
    )


def _reason(state: Readiness) -> str:
    """Why the API is not ready; empty if it is."""
    absent = [model for model in state.models if model.version is None]
    errors = [error for error in (*(model.error for model in absent), *(week.error for week in state.offers)) if error]
    if errors or absent:
        return " ".join(errors) or "A champion has not been loaded yet."
    if state.models or any(week.run_id for week in state.offers):
        return ""
    if state.registry.error is None and state.registry.age_seconds is None:
        return "The registry has not answered yet."
    return state.registry.error or (
        "There is nothing to serve: no model has a champion (refi model promote NAME VERSION), and no program has "
        "stored offers (refi offers run)."
    )
