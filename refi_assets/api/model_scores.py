"""Scores of given values by a served champion, and the errors of a request for one."""

from starlette.requests import Request

from refi_assets.api.champions import Champions
from refi_assets.api.customer_features import CustomerFeatures, Values
from refi_assets.api.fields import FieldError, ScoreAnswer, ScoreReason
from refi_assets.api.problems import ProblemError, invalid_request
from refi_assets.errors import ModelError
from refi_assets.ml.columns import InputColumn
from refi_assets.ml.declared_models import declared_models
from refi_assets.ml.registry import RegisteredModel
from refi_assets.ml.scoring import score_customer
from refi_assets.store.key_file import ApiKey


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
