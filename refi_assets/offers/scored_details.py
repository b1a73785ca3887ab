"""The record of a program's scores: the models behind them, and how many came from earlier runs."""

from pydantic import BaseModel, ConfigDict

from refi_assets.lake import Details


class PinnedModel(BaseModel):
    """The version of a model that a run scores with; `version` and `sha256` of a SageMaker endpoint are not known."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    role: str
    model_id: str
    endpoint: str
    name: str
    version: int | None
    sha256: str | None


class ScoredDetails(Details):
    """By role: the models behind the scores, how many scores came from earlier runs, and scores by twentieths of 1."""

    models: tuple[PinnedModel, ...]
    from_cache: dict[str, int]
    histograms: dict[str, tuple[int, ...]]
