"""Where the live default risk is kept for reading in milliseconds: in the folder risk/ of the store."""

from pathlib import Path

from refi_assets.store.alert_outbox import ALERT_FILE, AlertOutbox
from refi_assets.store.decision_log import DECISION_FILE, DecisionLog
from refi_assets.store.live_scores import LIVE_FILE, LiveScores
from refi_assets.store.sqlite_store import store_root


def open_live_scores(lake_url: str) -> LiveScores:
    """The last score of each borrower."""
    return LiveScores(_folder(lake_url) / LIVE_FILE)


def open_alert_outbox(lake_url: str) -> AlertOutbox:
    """The alerts of the rules."""
    return AlertOutbox(_folder(lake_url) / ALERT_FILE)


def open_decision_log(lake_url: str) -> DecisionLog:
    """The decisions that the API answered."""
    return DecisionLog(_folder(lake_url) / DECISION_FILE)


def _folder(lake_url: str) -> Path:
    return store_root(lake_url) / "risk"
