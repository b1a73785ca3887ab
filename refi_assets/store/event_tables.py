"""The tables of events.sqlite, and how an older file is brought up to date.

The file knows the version of its tables; whoever opens it to write brings it up to date, in one transaction. The first
version had a key with each event; nothing but tests used it, and kept answers replace it.
"""

from refi_assets.store.protocol import EventKind

TABLES_VERSION = 1

_KEPT_ANSWER = """
CREATE TABLE kept_answer (
    offer_id TEXT NOT NULL,
    client TEXT NOT NULL,
    key TEXT NOT NULL,
    content TEXT NOT NULL,
    body TEXT NOT NULL,
    is_refusal INTEGER NOT NULL,
    kept_until TEXT NOT NULL,
    PRIMARY KEY (offer_id, client, key)
) STRICT, WITHOUT ROWID
"""
_ANSWER_BY_END = "CREATE INDEX answer_by_end ON kept_answer (kept_until)"

NEW_TABLES = f"""
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    offer_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ({", ".join(f"'{kind}'" for kind in EventKind)})),
    at TEXT NOT NULL,
    application_id TEXT UNIQUE
) STRICT;
CREATE INDEX event_by_offer ON event (offer_id);

-- late_in: the week during which the offer of an earlier week became firm, and in whose file it therefore is not
CREATE TABLE firm (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    offer_id TEXT NOT NULL UNIQUE,
    customer_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    tier TEXT NOT NULL,
    minus_score INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL,
    expires_on TEXT NOT NULL,
    body TEXT NOT NULL,
    late_in TEXT
) STRICT;
CREATE INDEX firm_by_customer ON firm (customer_id);
CREATE INDEX firm_by_person ON firm (person_id);
CREATE INDEX late_by_page ON firm (late_in, tier, minus_score, customer_id) WHERE late_in IS NOT NULL;

-- withdrawn, or the customer opted out
CREATE TABLE ended (
    offer_id TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- offers in a week's file that a late firm offer of their person supersedes
CREATE TABLE superseded (
    run_id TEXT NOT NULL,
    offer_id TEXT NOT NULL,
    PRIMARY KEY (run_id, offer_id)
) STRICT, WITHOUT ROWID;
{_KEPT_ANSWER};
{_ANSWER_BY_END};
PRAGMA user_version = {TABLES_VERSION}
""".split(";\n")

# For each earlier version, the statements that make the next one of it.
UPGRADES = (
    (
        "UPDATE event SET key = NULL WHERE key IS NOT NULL",
        "ALTER TABLE event RENAME COLUMN key TO application_id",
        _KEPT_ANSWER,
        _ANSWER_BY_END,
        "PRAGMA user_version = 1",
    ),
)
