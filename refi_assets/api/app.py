"""The app: its routes, what is around them, and what runs beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import Customers
from refi_assets.api.fields import ContactState, FeaturesState, Health, ModelState, Readiness
from refi_assets.api.invocations import invocations_router
from refi_assets.api.middleware import RequestMiddleware
from refi_assets.api.openapi import describe_app
from refi_assets.api.polling import Poller
from refi_assets.api.problems import ProblemError, answer_errors_as_problems, problem_answers
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.api.score_route import score_router


def create_app(champions: Champions, customers: Customers, poll_seconds: float) -> FastAPI:
    """The API on these champions and customers. While it runs, both are polled in threads of their own."""
    metrics = ApiMetrics(champions, customers)

    @asynccontextmanager
    async def polled(_: FastAPI) -> AsyncIterator[None]:
        pollers = [Poller(task, poll_seconds) for task in (champions.poll, customers.poll)]
        for poller in pollers:
            poller.start()
        yield
        for poller in pollers:
            poller.stop()

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
    _add_operations(app, champions, customers, metrics, poll_seconds)
    app.include_router(score_router(champions, customers, metrics, poll_seconds))
    app.include_router(invocations_router(champions, metrics, poll_seconds))
    describe_app(app, champions)
    return app


def _add_operations(
    app: FastAPI, champions: Champions, customers: Customers, metrics: ApiMetrics, retry_after: float
) -> None:
    @app.get("/healthz")
    async def health() -> Health:
        """Whether the process is alive."""
        return Health()

    @app.get("/readyz", responses=problem_answers(503))
    async def readiness() -> Readiness:
        """Whether scores can be answered: the champion of each served model is loaded.

        If the registry goes away, its last champions are still served, and `registry` has the age of its last answer.
        """
        state = readiness_of(champions, customers)
        if not state.models or any(model.version is None for model in state.models):
            members = state.model_dump(mode="json", exclude={"status"})
            raise ProblemError(503, "not-ready", _reason(state), retry_after=retry_after, members=members)
        return state

    @app.get("/metrics", name="metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics_text() -> Response:
        """Metrics for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def readiness_of(champions: Champions, customers: Customers) -> Readiness:
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
    )


def _reason(state: Readiness) -> str:
    errors = [error for error in (state.registry.error, *(model.error for model in state.models)) if error]
    if not errors and state.registry.age_seconds is None:
        return "The registry has not answered yet."
    return " ".join(errors) or "No model of the registry has a champion. To make one: refi model promote NAME VERSION"
