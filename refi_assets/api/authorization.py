"""Who may ask: each request names a key, which must be valid, have the scope, and stay within its rate.

The keys are in a file of the store, and here in memory. No answer says whether a key is unknown, revoked or expired;
the log does, by the key's id. No token is logged.
"""

import logging
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from refi_assets.api.contact import Contact
from refi_assets.api.problems import ProblemError
from refi_assets.errors import RefiError, StoreError
from refi_assets.store.key_file import TOKEN_PATTERN, ApiKey, KeyFile, Scope, token_hash

SECURITY_SCHEME = "key"  # its name in the OpenAPI document

BUSY_SECONDS = 0.02  # for a lock: all other requests wait meanwhile
LOOK_SECONDS = 0.4  # between two looks at the file
MOST_SECONDS = 1.0  # without a look that succeeded, after which no key is trusted

_BEARER = re.compile(rf"(?i:bearer) +({TOKEN_PATTERN})")
_LOG = logging.getLogger(__name__)

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Authorizer:
    """The keys of a file. `clock` gives the lender's time; `requests_per_second` is the rate of a key without its own.

    It is used in the event loop, where a look at the file takes a tenth of a millisecond for ten keys, and never waits.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime], requests_per_second: int) -> None:
        self.contact = Contact("The API keys")
        self._path, self._clock, self._requests_per_second = path, clock, requests_per_second
        self._keys: Mapping[str, ApiKey] | None = None
        self._next_look = 0.0
        # By key_id, so that nothing grows with wrong tokens.
        self._buckets: dict[str, _Bucket] = {}
        self._refused: set[str] = set()
        self._last_uses: dict[str, datetime] = {}
        self._kept_uses: dict[str, datetime] = {}
        self._keeping = Contact("The last uses of API keys")

    def authorize(self, request: HTTPConnection, scope: Scope) -> ApiKey:
        """The key of a request, which is then also its state's `key`.

        Raises ProblemError: 401 without a valid key, 429 above its rate, 403 without the scope, 503 if the file cannot
        be read.
        """
        key, now = self._key_of(request), self._clock()
        if key is None or key.state(now.date()) != "valid":
            self._log_refused(key, now)
            problem = ProblemError(401, "unauthorized", "Send a valid key, as in: Authorization: Bearer refi_…")
            problem.headers["WWW-Authenticate"] = "Bearer"
            raise problem
        self._last_uses[key.key_id] = now
        bucket = self._bucket_of(key)
        wait = bucket.take(now.timestamp())
        if wait > 0:
            detail = f"This key may send {bucket.rate} requests a second."
            raise ProblemError(429, "too-many-requests", detail, retry_after=wait)
        if scope not in key.scopes:
            raise ProblemError(403, "forbidden", f"This key does not have the scope {scope}, which is needed here.")
        request.state.key = key
        return key

    def keep_last_uses(self) -> None:
        """Write the last uses that are new to the file. For a thread of its own: this may wait. Never raises.

        A failure is logged once; the uses are kept for the next time.
        """
        with self._keeping.attempt():
            # The copy is made in one step, while the event loop may add to the original.
            uses = {key_id: at for key_id, at in self._last_uses.copy().items() if self._kept_uses.get(key_id) != at}
            if uses:
                KeyFile(self._path).touch(uses)
                self._kept_uses |= uses

    def _key_of(self, request: HTTPConnection) -> ApiKey | None:
        """The key, valid or not, whose token a request has.

        It is found by the hash of its token. How long that takes depends on the hash, which nobody can steer towards
        that of a key; so no comparison in constant time is needed.
        """
        keys = self._current_keys()
        token = _BEARER.fullmatch(request.headers.get("authorization", ""))
        return None if token is None else keys.get(token_hash(token[1]))

    def _current_keys(self) -> Mapping[str, ApiKey]:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._look()
        if self._keys is None or (self.contact.age_seconds or 0) > MOST_SECONDS:
            raise ProblemError(
                503, "keys-unavailable", "The API keys cannot be read; the log has the reason.", retry_after=1
            )
        return self._keys

    def _look(self) -> None:
        """Read the keys. A file that is locked, most often for the moment of a change, is looked at again soon."""
        try:
            keys = KeyFile(self._path, BUSY_SECONDS).keys_by_hash()
            if self._keys and not keys and not self._path.exists():
                raise StoreError(f"{self._path} is away. Restore it, or mount its disk.")
        except RefiError as error:
            if self._keys is None or (self.contact.age_seconds or 0) > MOST_SECONDS:
                self.contact.report(str(error))
            return
        self.contact.report(None)
        if not keys and self._keys != {}:
            _LOG.warning("There are no API keys in %s: every request is refused. `refi keys create`", self._path)
        self._keys = keys

    def _log_refused(self, key: ApiKey | None, now: datetime) -> None:
        if key is not None and key.key_id not in self._refused:
            self._refused.add(key.key_id)
            _LOG.warning("The key %s is %s; its requests are refused.", key.key_id, key.state(now.date()))

    def _bucket_of(self, key: ApiKey) -> "_Bucket":
        bucket = self._buckets.get(key.key_id)
        if bucket is None:
            bucket = self._buckets[key.key_id] = _Bucket(key.requests_per_second or self._requests_per_second)
        return bucket


class _Bucket:
    """A bucket of tokens, one for each request: it fills at the rate, and holds those of a second."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._tokens, self._at = float(rate), 0.0

    def take(self, at: float) -> float:
        """Take a token; returns the seconds to wait if there is none. A clock that is set back adds none."""
        self._tokens = min(self.rate, self._tokens + max(0.0, at - self._at) * self.rate)
        self._at = at
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0


def authorized(handler: _Handler, authorizer: Authorizer, scope: Scope) -> _Handler:
    """A handler that authorizes a request before anything of its body is read."""

    async def authorize_first(request: Request) -> Response:
        authorizer.authorize(request, scope)
        return await handler(request)

    return authorize_first


def authorized_route(authorizer: Authorizer, scope: Scope, *, is_direct: bool = False) -> type[APIRoute]:
    """The class of routes that do the same, for APIRouter(route_class=…), and say so in the OpenAPI document.

    A direct route's function takes the request as it is, and returns the response; FastAPI only describes it.
    """

    class AuthorizedRoute(APIRoute):
        def __init__(self, *arguments: Any, openapi_extra: dict[str, Any] | None = None, **named: Any) -> None:
            described = {**(openapi_extra or {}), "security": [{SECURITY_SCHEME: [str(scope)]}]}
            super().__init__(*arguments, openapi_extra=described, **named)

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            return authorized(self.endpoint if is_direct else super().get_route_handler(), authorizer, scope)

    return AuthorizedRoute
