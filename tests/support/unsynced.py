"""Importing this lets SQLite in this process leave writing to the system.

A run logs some hundred events, each a transaction of Dagster's; to wait for the disk every time outlasts the run.
"""

import sqlite3

from sqlalchemy import Engine, event


@event.listens_for(Engine, "connect")
def _wait_for_no_disk(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
