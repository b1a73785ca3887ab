"""The log of decisions on keys: decisions are added, and the file itself refuses to change or remove one.

A decision is recorded before it is answered, with all that it was derived from.
"""

from collections.abc import Iterable
from datetime import UTC, date
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from refi_assets.store.failures import BUSY_SECONDS
from refi_assets.store.logged_file import LoggedFile

DECISION_FILE = "decisions.sqlite"

_TABLES = """
CREATE TABLE decision (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    key TEXT NOT NULL,
    request_id TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX decision_by_key ON decision (key);

CREATE TRIGGER decision_is_final BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END;

CREATE TRIGGER decision_stays BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'a decision is never removed'); END;

-- INSERT OR REPLACE removes a row without the trigger above
CREATE TRIGGER decision_is_new BEFORE INSERT ON decision
WHEN EXISTS (SELECT 1 FROM decision WHERE sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'a decision is never replaced'); END
"""


class LoggedDecision(BaseModel):
    """A decision, who asked for it, and what it was derived from.

    client: the id of the API's key. checkpoint_id, batch, as_of: where the features are from. alerts: rules that had
    found the key that day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime
    request_id: str
    client: str
    key: str
    answer: str
    reasons: tuple[str, ...]
    probability: float | None
    model: str
    version: int
    policy_sha256: str
    checkpoint_id: str
    batch: int
    as_of: date
    processed_at: AwareDatetime
    alerts: tuple[str, ...]
    features: dict[str, float | str | bool | None]


class DecisionLog:
    """The file. Methods may be called by any thread, and raise StoreError."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._file = LoggedFile(path, _TABLES, 1, "No decision was recorded or answered", busy_seconds)

    def record(self, decisions: Iterable[LoggedDecision]) -> None:
        """Add decisions. They are on the disk when this returns, or none is."""
        rows = [
            (
                decision.at.astimezone(UTC).isoformat(timespec="milliseconds"),
                decision.key,
                decision.request_id,
                decision.model_dump_json(),
            )
            for decision in decisions
        ]
        with self._file.changing() as connection:
            connection.executemany("INSERT INTO decision (at, key, request_id, body) VALUES (?, ?, ?, ?)", rows)

    def decisions_of(self, key: str) -> list[LoggedDecision]:
        """The decisions on a key, oldest first."""
        with self._file.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT body FROM decision WHERE key = ? ORDER BY sequence", (key,)).fetchall()
        return [LoggedDecision.model_validate_json(body) for (body,) in rows]
