"""POST /v1/score: one score, of features or of a customer whose features are published, or a program's verdict.

Verdicts of programs are made in program_scores.py.
"""

from fastapi import APIRouter, Request

from refi_assets.api.authorization import Authorizer, authorized_route
from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import CustomerFeatures, Customers, Values
from refi_assets.api.fields import FieldError, ProgramScoreAnswer, ScoreAnswer, ScoreReason, ScoreRequest
from refi_assets.api.problems import ProblemError, invalid_request, problem_answers
from refi_assets.api.program_scores import ProgramScores
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.errors import ModelError
from refi_assets.ml.columns import InputColumn
from refi_assets.ml.declared_models import declared_models
from refi_assets.ml.registry import RegisteredModel
from refi_assets.ml.scoring import score_customer
from refi_assets.store.key_file import ApiKey, Scope


def score_router(
    authorizer: Authorizer,
    champions: Champions,
    customers: Customers,
    program_scores: ProgramScores,
    metrics: ApiMetrics,
    retry_after: float,
) -> APIRouter:
    """The route. `retry_after`: seconds after which a request that came too early may succeed."""
    router = APIRouter(route_class=authorized_route(authorizer, Scope.SCORE))

    @router.post("/v1/score", responses=problem_answers(400, 401, 403, 404, 413, 422, 429, 503))
    async def score(body: ScoreRequest, request: Request) -> ScoreAnswer | ProgramScoreAnswer:
        """Score a customer, or given features, by the model's champion; or judge a customer by a program's rules.

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
        champion = champion_of(champions, body.model, retry_after)
        if body.customer_id is None:
            answer = score_values(champion, body.features or {}, None)
        else:
            published = _published(customers, retry_after)
            answer = score_values(champion, _customer_values(published, body.customer_id, champion), published)
        request.state.model, request.state.version = champion.name, champion.version
        metrics.scores.labels(champion.name, champion.version).inc()
        return answer

    return router


def require_models(request: Request) -> None:
    """Raise ProblemError for a key that may only ask for a program: no model is a program's own."""
    key: ApiKey | None = getattr(request.state, "key", None)
    if key is not None and key.program is not None:
        raise ProblemError(404, "unknown-model", "There is no such model here. Name the program of the key.")


def champion_of(champions: Champions, name: str | None, retry_after: float) -> RegisteredModel:
    """The champion of a model, or of the only model. Raises ProblemError."""
    served = champions.served
    if name is None and len(served) > 1:
        raise invalid_request([FieldError(field="model", message=f"name one of {', '.join(sorted(served))}")])
    model = next(iter(served.values()), None) if name is None else served.get(name)
    if model is None and served:
        raise ProblemError(404, "unknown-model", f"There is no such model here; there is {', '.join(sorted(served))}.")
    if model is None or model.champion is None:
        raise ProblemError(
            503, "no-champion", "No champion has been loaded yet; /readyz has the reason.", retry_after=retry_after
        )
    return model.champion


def score_values(champion: RegisteredModel, values: Values, published: CustomerFeatures | None) -> ScoreAnswer:
    """The answer for these values of all inputs. Raises ProblemError, which quotes no value."""
    if errors := input_errors(champion.model.inputs, values):
        raise invalid_request(errors)
    declared = declared_models().get(champion.name)
    try:
        score = score_customer(champion.model, declared, values) if declared else champion.model.score(values)
    except ModelError as error:
        raise invalid_request([FieldError(field="features", message=str(error).rstrip("."))]) from None
    reasons = [
        ScoreReason(
            feature=reason.feature,
            value=values.get(reason.feature),
            contribution=reason.contribution,
            text=reason.text,
        )
        for reason in score.reasons
    ]
    return ScoreAnswer(
        model=champion.name,
        version=champion.version,
        kind=champion.model.kind,
        probability=score.probability,
        points=score.points,
        reasons=reasons,
        as_of=published.as_of if published else None,
        run_id=published.run_id if published else None,
    )


def input_errors(inputs: tuple[InputColumn, ...], values: Values, place: str = "features") -> list[FieldError]:
    """Everything that is wrong with a row of features at a place in the request: missing, unknown, of another type."""
    types = {column.name: (float if column.kind == "number" else str | bool) for column in inputs}
    messages = {name: "it is missing; send null if it is unknown" for name in types if name not in values}
    for name, value in values.items():
        if name not in types:
            messages[name] = "the model has no such feature"
        elif value is not None and not isinstance(value, types[name]):
            messages[name] = f"it must be {'a number' if types[name] is float else 'a text'} or null"
    return [FieldError(field=f"{place}.{name}", message=message) for name, message in messages.items()]


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
