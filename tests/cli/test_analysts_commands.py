"""`refi mask`, and queries as an analyst."""

import hmac
import json
from hashlib import sha256

KEY = "a secret masking key of the tests"
NAMES = "SELECT borrower_id, first_name FROM unified_refi_dataset WHERE borrower_id = 'B001'"


def test_a_copy_is_made_with_nulls_and_a_warning_without_a_key_and_with_hashes_by_a_key(refi, published_lake):
    on_lake = ("--lake", published_lake)
    assert "Make one with: refi mask" in refi("query", NAMES, "--as", "analyst", *on_lake, check=1).stderr

    done = refi("mask", *on_lake, REFI_MASKING_KEY="")
    assert "refi as of 2026-02-20: 5 relations; masked: refi.unified_refi_dataset.first_name, " in done.stdout
    assert "no masking key" in done.stderr
    rows = refi("query", NAMES, "--as", "analyst", "--json", *on_lake).stdout
    assert json.loads(rows) == {"borrower_id": "B001", "first_name": None}

    assert refi("mask", *on_lake, REFI_MASKING_KEY=KEY).stderr == ""
    rows = refi("query", NAMES, "--as", "analyst", "--json", *on_lake).stdout
    hashed = hmac.new(KEY.encode(), b"given_name\x1fGiven1", sha256).hexdigest()
    assert json.loads(rows) == {"borrower_id": "B001", "first_name": hashed}
    assert json.loads(refi("query", NAMES, "--json", *on_lake).stdout)["first_name"] == "Given1"


def test_an_analyst_reads_neither_sources_nor_earlier_runs(refi, published_lake):
    refi("mask", "--lake", published_lake)
    as_analyst = ("--as", "analyst", "--lake", published_lake)
    refused = refi("query", "SELECT * FROM staging.borrower_information", *as_analyst, check=1)
    assert "There is no relation staging.borrower_information" in refused.stderr
    assert "latest copy only" in refi("query", NAMES, "--run", "r1", *as_analyst, check=1).stderr
