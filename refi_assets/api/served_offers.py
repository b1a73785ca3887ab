"""The offers that are served: each program with its store, read in the event loop.

Nothing is cached: every answer comes from the store's files as they are at that moment. A store that cannot be read is
a 503, never an earlier answer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path

from refi_assets.api.problems import ProblemError
from refi_assets.errors import StoreError
from refi_assets.offers.program import Program
from refi_assets.store.key_file import ApiKey
from refi_assets.store.protocol import OfferStore, Week
from refi_assets.store.sqlite_store import SqliteOfferStore

READ_BUSY_SECONDS = 0.02  # for a lock: a read waits in the event loop, and all others with it
WRITE_BUSY_SECONDS = 0.5


@dataclass
class ServedProgram:
    """A program and its store."""

    program: Program
    store: OfferStore
    is_loaded: bool = False  # whether a week of it has been seen

    def week(self) -> Week | None:
        """The current week; None if the program has not stored one yet. Raises StoreError."""
        week = self.store.current()
        if week is not None:
            self.is_loaded = True
        elif self.is_loaded:
            raise StoreError(f"The stored offers of {self.program.program_id} are away.")
        return week


@dataclass
class ServedOffers:
    """The stores of these programs, in a folder. `clock` gives the time in the lender's zone."""

    root: Path
    programs: Iterable[Program]
    clock: Callable[[], datetime]
    retry_seconds: float
    served: dict[str, ServedProgram] = field(init=False)  # by programId

    def __post_init__(self) -> None:
        self.served = {program.program_id: ServedProgram(program, self._open(program)) for program in self.programs}

    def today(self) -> date:
        """The lender's day."""
        return self.clock().date()

    def find(self, program_id: str, key: ApiKey) -> ServedProgram:
        """A program. Raises ProblemError, the same for one that does not exist and for one that is not the key's."""
        served = self.served.get(program_id)
        if served is None or not key.covers(program_id):
            raise ProblemError(404, "unknown-program", "There is no such program here.")
        return served

    def covered_by(self, key: ApiKey) -> list[ServedProgram]:
        """The programs that a key may read, if they have stored offers. Raises StoreError if the stores are away."""
        if not self.root.is_dir():
            raise StoreError(f"There is no folder {self.root}.")
        covered = [served for program_id, served in self.served.items() if key.covers(program_id)]
        return [served for served in covered if served.week() is not None]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Raise a store's failures as ProblemError 503."""
        try:
            yield
        except StoreError as error:
            raise ProblemError(
                503,
                "store-unavailable",
                "The stored offers cannot be read at the moment; /readyz has the reason.",
                retry_after=self.retry_seconds,
            ) from error

    def stores_to_write(self) -> Mapping[str, Callable[[], OfferStore]]:
        """For the writer of events: by programId, what opens the store of each program."""
        return {
            program_id: partial(
                SqliteOfferStore,
                self.root,
                served.program.key,
                busy_seconds=WRITE_BUSY_SECONDS,
                is_checkpointed_elsewhere=True,
            )
            for program_id, served in self.served.items()
        }

    def close(self) -> None:
        """Close the stores."""
        for served in self.served.values():
            served.store.close()

    def _open(self, program: Program) -> OfferStore:
        return SqliteOfferStore(self.root, program.key, read_only=True, busy_seconds=READ_BUSY_SECONDS)
