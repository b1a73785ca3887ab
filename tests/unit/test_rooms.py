"""The rooms of the house: the shared ones know no lending."""

import re

from refi_assets.settings import PROJECT_DIR

SHARED = ("engines", "lake", "ingestion", "staging", "publishing")


def test_shared_rooms_know_no_lending() -> None:
    files = [path for room in SHARED for path in (PROJECT_DIR / "refi_assets" / room).rglob("*") if path.is_file()]
    texts = {path.name: path.read_text("utf-8") for path in files if path.suffix != ".pyc"}
    assert len(texts) > 20
    assert [name for name, text in texts.items() if re.search("borrower|loan|market_equity", text, re.IGNORECASE)] == []
