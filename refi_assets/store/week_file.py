"""The file of a week: <run_id>.sqlite, written once and never changed after its week became current.

So it needs no log and no locks, and a reader that has it open is not disturbed when it is deleted. Its offers are one
table in the order of pages, each with its JSON: a page is one range of it.
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from refi_assets.store.connections import connect, file_uri
from refi_assets.store.event_file import OFFER_COLUMNS, row_of
from refi_assets.store.pointer import sync_folder
from refi_assets.store.protocol import OfferRow, Week

WEEK_SUFFIX = ".sqlite"
UNFINISHED_SUFFIX = ".loading"

_TABLES = """
PRAGMA page_size = 8192;
PRAGMA main.journal_mode = OFF;
PRAGMA main.synchronous = OFF;
PRAGMA main.cache_size = -65536;
CREATE TABLE offer (
    offer_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    tier TEXT NOT NULL,
    minus_score INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL,
    expires_on TEXT NOT NULL,
    body TEXT NOT NULL,
    carried INTEGER NOT NULL,
    PRIMARY KEY (tier, minus_score, customer_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE opted_out (customer_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE reached (customer_id TEXT PRIMARY KEY, open_channels TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE person (customer_id TEXT PRIMARY KEY, person_id TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- last_firm: the sequence of the newest firm offer that was considered
CREATE TABLE week (
    run_id TEXT NOT NULL,
    as_of TEXT NOT NULL,
    new_offers INTEGER NOT NULL,
    carried_offers INTEGER NOT NULL,
    last_expires_on TEXT NOT NULL,
    last_firm INTEGER NOT NULL
) STRICT;
BEGIN;
"""
_INDEXES = """
CREATE UNIQUE INDEX offer_by_id ON offer (offer_id);
CREATE UNIQUE INDEX offer_by_customer ON offer (customer_id);
CREATE UNIQUE INDEX new_offer_by_person ON offer (person_id) WHERE carried = 0;
CREATE INDEX customer_by_person ON person (person_id);
"""

# Firm offers that became so since the last look and have neither expired nor ended, with their persons as of this week.
_HOLDERS = """
CREATE TEMP TABLE holder AS
SELECT
    firm.sequence,
    firm.customer_id,
    coalesce(person.person_id, firm.person_id) AS person_id
FROM events.firm AS firm
LEFT JOIN main.person AS person
    ON person.customer_id = firm.customer_id
WHERE firm.sequence > (SELECT week.last_firm FROM main.week)
    AND firm.sequence <= :last_firm
    AND firm.expires_on >= (SELECT week.as_of FROM main.week)
    AND NOT EXISTS (SELECT 1 FROM events.ended AS ended WHERE ended.offer_id = firm.offer_id)
    AND NOT EXISTS (SELECT 1 FROM main.opted_out AS opted_out WHERE opted_out.customer_id = firm.customer_id)
"""
_LOSE_NEW = """
DELETE FROM main.offer
WHERE carried = 0
    AND {column} IN (SELECT holder.{column} FROM temp.holder)
"""
_CARRY = """
INSERT INTO main.offer (offer_id, customer_id, person_id, tier, minus_score, amount_cents, expires_on, body, carried)
SELECT
    firm.offer_id,
    firm.customer_id,
    holder.person_id,
    firm.tier,
    firm.minus_score,
    firm.amount_cents,
    firm.expires_on,
    firm.body,
    1
FROM temp.holder AS holder
JOIN events.firm AS firm
    ON firm.sequence = holder.sequence
ORDER BY firm.tier, firm.minus_score, firm.customer_id
"""
_COUNT = """
UPDATE main.week
SET
    new_offers = new_offers - :lost,
    carried_offers = carried_offers + :carried,
    last_expires_on = max(
        last_expires_on,
        (
            SELECT coalesce(max(firm.expires_on), '')
            FROM temp.holder AS holder
            JOIN events.firm AS firm
                ON firm.sequence = holder.sequence
        )
    ),
    last_firm = :last_firm
"""


def week_path(folder: Path, run_id: str) -> Path:
    """The file of a run's offers."""
    return folder / f"{run_id}{WEEK_SUFFIX}"


def write_week(
    path: Path,
    run_id: str,
    as_of: date,
    batches: Iterable[Sequence[OfferRow]],
    opted_out: Iterable[str],
    persons: Iterable[tuple[str, str]],
    open_channels: Iterable[tuple[str, str]],
) -> None:
    """Write a week's file, under another name until it is complete and synced.

    Raises sqlite3.Error, of which IntegrityError if a person, customer or id has two offers, or OSError.
    """
    unfinished = path.with_name(f"{path.name}{UNFINISHED_SUFFIX}")
    with closing(connect(unfinished, "rwc")) as connection:
        connection.executescript(_TABLES)
        insert = f"INSERT INTO offer ({OFFER_COLUMNS}, carried) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)"
        loaded, last_expires_on = 0, as_of
        for batch in batches:
            connection.executemany(insert, map(row_of, batch))
            loaded += len(batch)
            last_expires_on = max((last_expires_on, *(offer[6] for offer in batch)))
        connection.executemany("INSERT OR IGNORE INTO opted_out VALUES (?)", ((customer,) for customer in opted_out))
        connection.executemany("INSERT OR REPLACE INTO person VALUES (?, ?)", persons)
        connection.executemany("INSERT OR REPLACE INTO reached VALUES (?, ?)", open_channels)
        connection.execute(
            "INSERT INTO week VALUES (?, ?, ?, 0, ?, 0)", (run_id, str(as_of), loaded, str(last_expires_on))
        )
        for statement in _INDEXES.strip().split("\n"):
            connection.execute(statement)
        connection.execute("COMMIT")
    with unfinished.open("rb+") as stream:
        os.fsync(stream.fileno())
    os.replace(unfinished, path)
    sync_folder(path.parent)


def carry_firm_offers(path: Path, last_firm: int, events: Path) -> Week:
    """Carry the firm offers up to one into a week's file, from the last one that was. Raises sqlite3.Error."""
    with closing(connect(path, "rw")) as connection:
        if last_firm > connection.execute("SELECT last_firm FROM week").fetchone()[0]:
            connection.execute("ATTACH ? AS events", (file_uri(events, "ro"),))
            connection.execute("BEGIN")
            connection.execute(_HOLDERS, {"last_firm": last_firm})
            lost = sum(
                connection.execute(_LOSE_NEW.format(column=column)).rowcount for column in ("customer_id", "person_id")
            )
            carried = connection.execute(_CARRY).rowcount
            connection.execute(_COUNT, {"lost": lost, "carried": carried, "last_firm": last_firm})
            connection.execute("COMMIT")
        return _week_of(connection)


def read_week(path: Path) -> Week:
    """The week of a file. Raises sqlite3.Error."""
    with closing(connect(path, "rw")) as connection:  # which can undo a change that was killed
        return _week_of(connection)


def _week_of(connection: sqlite3.Connection) -> Week:
    run_id, as_of, new_offers, carried_offers, last_expires_on = connection.execute(
        "SELECT run_id, as_of, new_offers, carried_offers, last_expires_on FROM week"
    ).fetchone()
    return Week(run_id, date.fromisoformat(as_of), new_offers, carried_offers, date.fromisoformat(last_expires_on))
