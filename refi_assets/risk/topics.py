"""The topics of live default risk: their names, and the schemas of their messages in contracts/risk/topics/.

The key of each message is the borrower, but of markers the query, and of dead letters the place of the message.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from refi_assets.errors import SettingError
from refi_assets.settings import PROJECT_DIR

LOAN_EVENTS = "loan-events"
TRANSACTIONS = "transactions"
RISK_SCORES = "risk-scores"
RISK_MARKERS = "risk-markers"
DEAD_LETTERS = "dead-letters"

SOURCE_TOPICS = (LOAN_EVENTS, TRANSACTIONS)
TOPICS = (*SOURCE_TOPICS, RISK_SCORES, RISK_MARKERS, DEAD_LETTERS)

SCHEMAS_DIR = PROJECT_DIR / "contracts" / "risk" / "topics"
RELEASED_DIR = SCHEMAS_DIR / "released"  # the contracts of the last release; topic_changes.py compares them


@cache
def topic_schema(topic: str, folder: Path = SCHEMAS_DIR) -> dict[str, Any]:
    """The JSON Schema of a topic's messages. Raises SettingError if the file is missing or not JSON."""
    path = folder / f"{topic}.json"
    try:
        schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"{path}: the contract of the topic {topic} cannot be read: {error}.") from None
    return schema
