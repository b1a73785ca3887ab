"""POST /v1/score: one score, of features or of a customer whose features are published; or a verdict or a decision.

Verdicts of programs are made in program_scores.py, decisions on borrowers in live_decisions.py.
"""

from fastapi import APIRouter, Request

from refi_assets.api.authorization import Authorizer, authorized_route
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import CustomerFeatures, Customers, Values
from refi_assets.api.fields import BorrowerScoreAnswer, ProgramScoreAnswer, ScoreAnswer, ScoreRequest
from refi_assets.api.live_decisions import LiveDecisions
from refi_assets.api.model_scores import champion_of, require_models, score_values
from refi_assets.api.problems import ProblemError, problem_answers
from refi_assets.api.program_scores import ProgramScores
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.ml.registry import RegisteredModel
from refi_assets.risk.scoring import MODEL
from refi_assets.store.key_file import Scope


def score_router(
    authorizer: Authorizer,
    champions: Champions,
    customers: Customers,
    program_scores: ProgramScores,
    live_decisions: LiveDecisions,
    metrics: ApiMetrics,
    retry_after: float,
) -> APIRouter:
    """The route. `retry_after`: seconds after which a request that came too early may succeed."""
    router = APIRouter(route_class=authorized_route(authorizer, Scope.SCORE))

    @router.post("/v1/score", responses=problem_answers(400, 401, 403, 404, 413, 422, 429, 503))
    async def score(body: ScoreRequest, request: Request) -> ScoreAnswer | ProgramScoreAnswer | BorrowerScoreAnswer:
        """Score a customer, or given features, by the model's champion; or judge a customer by a program's rules.

        Or decide on a borrower by the features that the stream of live default risk keeps: approve, refer or decline,
        by the policy's bounds. The decision is logged before it is answered.

        The rules are the SQL of the program's batch, with its models, its terms and its price list, so that a customer
        of the last published run gets the verdict and the price of that run, as long as program and models are the
        same. Of given values, the rules on contact and on earlier offers are left out, and so is the choice among
        several records of a person.
        """
        if body.program is not None:
            verdict = await program_scores.answer(body, request.state.key)
            for model in verdict.models:
                metrics.scores.labels(model.name, model.version).inc()
            return verdict
        require_models(request)
        champion = champion_of(champions, MODEL if body.borrower_id else body.model, retry_after)
        if body.borrower_id is not None:
            decided = await live_decisions.answer(
                body.borrower_id, champion, request.state.key.key_id, request.state.request_id
            )
            request.state.model, request.state.version = champion.name, champion.version
            metrics.scores.labels(champion.name, champion.version).inc()
            return decided
        if body.customer_id is None:
            answer = score_values(champion, body.features or {}, None)
        else:
            published = _published(customers, retry_after)
            answer = score_values(champion, _customer_values(published, body.customer_id, champion), published)
        request.state.model, request.state.version = champion.name, champion.version
        metrics.scores.labels(champion.name, champion.version).inc()
        return answer

    return router


def _published(customers: Customers, retry_after: float) -> CustomerFeatures:
    if customers.features is not None:
        return customers.features
    if customers.contact.age_seconds is None:
        raise ProblemError(
            503,
            "features-not-loaded",
            "The published features have not been loaded yet; /readyz has the reason. Or send features.",
            retry_after=retry_after,
        )
    raise ProblemError(
        404, "features-not-published", "No features of customers are published yet. Send features instead."
    )


def _customer_values(published: CustomerFeatures, customer_id: str, champion: RegisteredModel) -> Values:
    names = [column.name for column in champion.model.inputs]
    if absent := [name for name in names if name not in published.columns]:
        raise ProblemError(
            404,
            "features-not-published",
            f"The published features of {published.as_of} have no {', '.join(absent)}, which the model needs. Send "
            "features instead.",
        )
    values = published.values_of(customer_id, names)
    if values is None:
        raise ProblemError(
            404, "unknown-customer", f"The published features of {published.as_of} have no such customer."
        )
    return values
