"""Importing this module stops SQLite in this process from waiting for the disk.

A run logs some hundred events, each in a transaction; waiting for the disk each time takes longer than the run.
"""

import sqlite3

from sqlalchemy import Engine, event


@event.listens_for(Engine, "connect")
def _wait_for_no_disk(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
