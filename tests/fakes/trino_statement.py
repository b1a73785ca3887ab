"""One statement on Trino, by Trino's own protocol, so that its progress is seen and it can be cancelled on the way.

The Athena API (athena_queries.py) needs this much; tests use the client `trino` instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx


class TrinoError(Exception):
    """Trino refused or failed the statement. name: as TABLE_NOT_FOUND; kind: USER_ERROR, INTERNAL_ERROR, …"""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.name: str = error["errorName"]
        self.kind: str = error["errorType"]


@dataclass
class Statement:
    """What Trino has answered so far. columns: as Trino describes them; stats: its newest figures."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)
    update_count: int | None = None


def run_statement(
    trino_url: str,
    sql: str,
    catalog: str,
    database: str,
    session: Mapping[str, str],
    on_progress: Callable[[Statement], bool],
) -> Statement:
    """Run it to its end, or cancel it in Trino when on_progress answers False. Raises TrinoError."""
    headers = {
        "X-Trino-User": "athena",
        "X-Trino-Catalog": catalog,
        "X-Trino-Schema": quote(database),
        "X-Trino-Session": ",".join(f"{name}={quote(value)}" for name, value in session.items()),
    }
    statement = Statement()
    with httpx.Client(headers=headers, timeout=60) as http:
        answer = http.post(f"{trino_url}/v1/statement", content=sql.encode()).raise_for_status().json()
        while True:
            statement.stats = answer["stats"]
            statement.columns = answer.get("columns") or statement.columns
            statement.rows += answer.get("data") or []
            statement.update_count = answer.get("updateCount", statement.update_count)
            if "error" in answer:
                raise TrinoError(answer["error"])
            following = answer.get("nextUri")
            if not on_progress(statement):
                if following:
                    http.delete(following)
                return statement
            if not following:
                return statement
            answer = http.get(following).raise_for_status().json()
