"""Runs one statement by Trino's own protocol, so that its progress is seen and it can be canceled midway.

For the Athena API (athena_queries.py); tests use the client `trino` instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx


class TrinoError(Exception):
    """Trino refused or failed the statement. name: such as TABLE_NOT_FOUND."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.name: str = error["errorName"]


@dataclass
class Statement:
    """Trino's answers so far. columns: in Trino's form; stats: its latest figures."""

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
    """Run it to its end, or cancel it in Trino once on_progress returns False. Raises TrinoError."""
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
            next_uri = answer.get("nextUri")
            if not on_progress(statement):
                if next_uri:
                    http.delete(next_uri)
                return statement
            if not next_uri:
                return statement
            answer = http.get(next_uri).raise_for_status().json()
