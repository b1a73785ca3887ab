"""keys.sqlite in the store's folder: the API's keys, with their scopes, and of each token only its hash.

It has no write-ahead log, so that it can be read on a read-only disk; a commit keeps readers out for milliseconds.
Which request a key allows is decided by the API.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from refi_assets.errors import StoreError
from refi_assets.store.connections import connect, create_private
from refi_assets.store.failures import BUSY_SECONDS, in_words

KEY_FILE = "keys.sqlite"
TOKEN_PATTERN = r"refi_[0-9a-f]{12}_[0-9a-f]{64}"  # noqa: S105

_UNCHANGED = "The keys are unchanged"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS api_key (
    key_id TEXT PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    program TEXT,
    created_at TEXT NOT NULL,
    expires_on TEXT,
    revoked_at TEXT,
    last_used_at TEXT,
    requests_per_second INTEGER
) STRICT
"""
_KEYS = """
SELECT token_sha256, key_id, scopes, program, created_at, expires_on, revoked_at, last_used_at, requests_per_second
FROM api_key
ORDER BY rowid
"""


class Scope(StrEnum):
    """What a key allows: reading offers, recording their events, scoring."""

    READ = "read"
    EVENTS = "events"
    SCORE = "score"


class ApiKey(NamedTuple):
    """A key, without its token. Times are in UTC."""

    key_id: str
    scopes: frozenset[Scope]
    program: str | None  # a programId; None: every program
    created_at: datetime
    expires_on: date | None  # the last day on which it is valid, the lender's
    revoked_at: datetime | None
    last_used_at: datetime | None
    requests_per_second: int | None  # None: the API's setting

    def covers(self, program: str) -> bool:
        """Whether it is for a program, by its programId."""
        return self.program in (None, program)

    def state(self, today: date) -> str:
        """Whether it is valid, expired or revoked on a day, the lender's."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_on is not None and self.expires_on < today else "valid"


class KeyFile:
    """The keys in a file; there are none if it does not exist yet. Methods raise StoreError; times have a zone.

    Each call opens the file, and waits `busy_seconds` for a change that is being written.
    """

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path, self._busy_seconds = path, busy_seconds

    def create(
        self,
        scopes: Collection[Scope],
        program: str | None,
        expires_on: date | None,
        requests_per_second: int | None,
        at: datetime,
    ) -> str:
        """Make a key, durable when it returns, and return its token: refi_<key_id>_<secret>, which is not stored."""
        key_id = secrets.token_hex(6)
        token = f"refi_{key_id}_{secrets.token_hex(32)}"
        with in_words(self.path, _UNCHANGED):
            create_private(self.path)
        with self._changing() as connection:
            connection.execute(_SCHEMA)
            connection.execute(
                """
                INSERT INTO api_key
                    (key_id, token_sha256, scopes, program, created_at, expires_on, requests_per_second)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                (
                    key_id,
                    token_hash(token),
                    " ".join(sorted(scopes)),
                    program,
                    _in_utc(at),
                    None if expires_on is None else expires_on.isoformat(),
                    requests_per_second,
                ),
            )
        return token

    def all_keys(self) -> list[ApiKey]:
        """All keys, also those that are no longer valid, in the order in which they were made."""
        return list(self.keys_by_hash().values())

    def keys_by_hash(self) -> dict[str, ApiKey]:
        """The same, by the hashes of their tokens."""
        with in_words(self.path, _UNCHANGED):
            if not self.path.exists():
                return {}
            with closing(self._connect()) as connection:
                if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
                    return {}  # whoever created it has not written to it yet
                try:
                    return {token_sha256: _key_of(row) for token_sha256, *row in connection.execute(_KEYS)}
                except ValueError:
                    raise StoreError(
                        f"{self.path} has a key that cannot be read. {_UNCHANGED}. Restore it from a backup."
                    ) from None

    def revoke(self, key_id: str, at: datetime) -> None:
        """End a key, durable when it returns. A second time changes nothing; an unknown id is a StoreError."""
        if key_id not in {key.key_id for key in self.all_keys()}:
            raise StoreError(f"{self.path} has no key {key_id}. {_UNCHANGED}. `refi keys list` lists their ids.")
        with self._changing() as connection:
            connection.execute(
                "UPDATE api_key SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL", (_in_utc(at), key_id)
            )

    def touch(self, last_uses: Mapping[str, datetime]) -> None:
        """Keep the times of last uses, by key_id, unless a later one is known."""
        with self._changing() as connection:
            connection.executemany(
                "UPDATE api_key SET last_used_at = max(coalesce(last_used_at, ''), ?) WHERE key_id = ?",
                [(_in_utc(at), key_id) for key_id, at in last_uses.items()],
            )

    def _connect(self) -> sqlite3.Connection:
        # Not read-only, so that a reader can undo a change that was killed. On a read-only disk, SQLite only reads.
        return connect(self.path, "rw", self._busy_seconds)

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with in_words(self.path, _UNCHANGED), closing(self._connect()) as connection:
            connection.execute("PRAGMA synchronous = EXTRA")  # FULL may lose the last commit in a power cut
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # closing without it leaves nothing of a failed change


def token_hash(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a slow hash for passwords would protect it no better."""
    return hashlib.sha256(token.encode()).hexdigest()


def _key_of(row: tuple[Any, ...]) -> ApiKey:
    key_id, scopes, program, created_at, expires_on, revoked_at, last_used_at, requests_per_second = row
    return ApiKey(
        key_id,
        frozenset(map(Scope, scopes.split())),
        program,
        datetime.fromisoformat(created_at),
        None if expires_on is None else date.fromisoformat(expires_on),
        None if revoked_at is None else datetime.fromisoformat(revoked_at),
        None if last_used_at is None else datetime.fromisoformat(last_used_at),
        requests_per_second,
    )


def _in_utc(at: datetime) -> str:
    """A time as text that sorts by time."""
    if at.tzinfo is None:
        raise ValueError("the time has no time zone")
    return at.astimezone(UTC).isoformat(timespec="seconds")
