"""The decision behind a batch's scores: which model scores it. It is in the lake before anything is scored.

So a batch that is repeated is scored by the same version, whichever is champion by then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from refi_assets.errors import ModelError, RefiError, best_effort
from refi_assets.lake import ObjectStore
from refi_assets.ml.registry import CHAMPION, RegisteredModel, Registry, open_registry
from refi_assets.risk.scoring import MODEL
from refi_assets.risk.stream.checkpoint import BatchRange
from refi_assets.risk.stream.lake_files import DECISIONS, batch_key


class Decision(BaseModel):
    """The model, the history and the messages of a batch. `snapshot`: see snapshot.py."""

    model_config = ConfigDict(frozen=True)

    model: str
    version: int
    sha256: str
    snapshot: int
    processed_at: datetime
    start: dict[str, dict[int, int]]
    end: dict[str, dict[int, int]]


@dataclass
class Champions:
    """The champion of the registry. `on_failure` gets the reason if the registry is away: the last champion stays."""

    on_failure: Callable[[str], object]
    connect: Callable[[], Registry] = open_registry
    _registry: Registry | None = None
    _loaded: RegisteredModel | None = None

    def current(self) -> RegisteredModel:
        """The champion now. Raises ModelError if there is none, or if the registry has been away since the start."""
        if self._loaded is None:
            return self.version(self._champion_version())
        version = self._loaded.version
        with best_effort(self.on_failure):
            version = self._champion_version()
        return self.version(version)

    def version(self, number: int) -> RegisteredModel:
        """A version, loaded once. Raises ModelError."""
        if self._loaded is None or self._loaded.version != number:
            self._loaded = self._open().load(MODEL, number)
        return self._loaded

    def _champion_version(self) -> int:
        version = self._open().alias_version(MODEL, CHAMPION)
        if version is None:
            raise ModelError(
                f"The model {MODEL} has no champion, so there is nothing to score with. Train one: refi model train "
                f"{MODEL}; then promote it: refi model promote {MODEL} VERSION. Kafka keeps the events meanwhile."
            )
        return version

    def _open(self) -> Registry:
        if self._registry is None:
            self._registry = self.connect()
        return self._registry


def find_decision(lake: ObjectStore, checkpoint_id: str, batch: int) -> Decision | None:
    """The decision of a batch, or None if it has not been decided."""
    value = lake.get_json(batch_key(DECISIONS, checkpoint_id, batch))
    return None if value is None else Decision.model_validate(value)


def require_same_messages(lake: ObjectStore, checkpoint_id: str, batch: int, messages: BatchRange) -> None:
    """Raise RefiError if a batch was decided with other messages: an older copy of the checkpoint would lose events."""
    decision = find_decision(lake, checkpoint_id, batch)
    if decision and (decision.start, decision.end) != (messages.start, messages.end):
        raise RefiError(
            f"Batch {batch} of checkpoint {checkpoint_id} has other messages than the lake says: the checkpoint is an "
            "older copy, or has lost a part. Nothing was sent. Replace it by a new one: refi risk rebuild"
        )


def decide(
    lake: ObjectStore, checkpoint_id: str, batch: int, messages: BatchRange, snapshot: int, champions: Champions
) -> tuple[Decision, RegisteredModel]:
    """The decision of a batch, durable, and its model: the batch's own if it has been decided, else by the champion.

    Raises ModelError or LakeError; also if the decided model has been replaced by another with its number.
    """
    decision = find_decision(lake, checkpoint_id, batch)
    if decision is None:
        model = champions.current()
        proposed = Decision(
            model=model.name,
            version=model.version,
            sha256=model.sha256,
            snapshot=snapshot,
            processed_at=messages.processed_at,
            start={topic: dict(offsets) for topic, offsets in messages.start.items()},
            end={topic: dict(offsets) for topic, offsets in messages.end.items()},
        )
        lake.create_json(batch_key(DECISIONS, checkpoint_id, batch), proposed.model_dump(mode="json"))
        decision = find_decision(lake, checkpoint_id, batch) or proposed  # another driver may have been first
    model = champions.version(decision.version)
    if model.sha256 != decision.sha256:
        raise RefiError(
            f"Batch {batch} was decided with {decision.model}, version {decision.version}, whose files have changed "
            "since. Restore them in the registry."
        )
    return decision, model
