"""The app: its routes, what is around them, and what runs beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from refi_assets.api.events_route import events_router
from refi_assets.api.fields import Health, Readiness
from refi_assets.api.invocations import invocations_router
from refi_assets.api.live_decisions import LiveDecisions
from refi_assets.api.middleware import RequestMiddleware
from refi_assets.api.offer_routes import offers_router
from refi_assets.api.openapi import describe_app
from refi_assets.api.problems import ProblemError, answer_errors_as_problems, problem_answers
from refi_assets.api.program_scores import ProgramScores
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.api.readiness import readiness_of, reason_against
from refi_assets.api.score_route import score_router
from refi_assets.api.served import Served
from refi_assets.observability.polling import Poller


def create_app(served: Served, poll_seconds: float, *, sagemaker: bool = False) -> FastAPI:
    """The API. With `sagemaker`, /invocations needs no key.

    While it runs, models and features are polled, events are written, and the keys' last uses are kept, each in a
    thread of its own.
    """
    champions, customers, authorizer = served.champions, served.customers, served.authorizer
    metrics = ApiMetrics(champions, customers, served.offers)
    metrics.registry.register(served.writer.metrics)

    @asynccontextmanager
    async def followed(_: FastAPI) -> AsyncIterator[None]:
        tasks = (champions.poll, customers.poll, served.programs.poll, authorizer.keep_last_uses)
        pollers = [Poller(task, poll_seconds) for task in tasks]
        for poller in pollers:
            poller.start()
        app.openapi()  # whose first making takes a fifth of a second
        async with served.writer.running():
            yield
        for poller in pollers:
            poller.stop()
        authorizer.keep_last_uses()
        served.offers.close()

    # No pages of Swagger or ReDoc: they would load their scripts from elsewhere.
    app = FastAPI(
        title="refi",
        version="1",
        lifespan=followed,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(RequestMiddleware, metrics=metrics)
    answer_errors_as_problems(app)
    app.include_router(offers_router(served.offers, authorizer))
    app.include_router(events_router(served.writer, authorizer))
    _add_operations(app, served, metrics)
    program_scores = ProgramScores(served.programs, served.offers.clock, poll_seconds)
    live = LiveDecisions(served.borrowers, poll_seconds)
    app.include_router(score_router(authorizer, champions, customers, program_scores, live, metrics, poll_seconds))
    app.include_router(invocations_router(None if sagemaker else authorizer, champions, metrics, poll_seconds))
    describe_app(app, champions, served.programs)
    return app


def _add_operations(app: FastAPI, served: Served, metrics: ApiMetrics) -> None:
    @app.get("/healthz")
    async def health() -> Health:
        """Whether the process is alive."""
        return Health()

    @app.get("/readyz", responses=problem_answers(503))
    async def readiness() -> Readiness:
        """Whether all that is served can be answered: each model's champion is loaded, and each store can be read.

        If the registry goes away, its last champions are still served, and `registry` has the age of its last answer.
        """
        state = readiness_of(served)
        if reason := reason_against(state):
            members = state.model_dump(mode="json", exclude={"status"})
            raise ProblemError(503, "not-ready", reason, retry_after=served.offers.retry_seconds, members=members)
        return state

    @app.get("/metrics", name="metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics_text() -> Response:
        """Metrics for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)
