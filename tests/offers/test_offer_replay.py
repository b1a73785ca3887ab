"""refi offers replay: the same bytes from the recorded inputs, program and models, or the reason why not."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from refi_assets.ml.registry import CHAMPION
from tests.support.offer_runs import OTHER_VERSION, OfferRuns

OUTPUT = Path("output") / "loan_offer_targeting"


@pytest.fixture
def copied(offer_runs, tmp_path) -> OfferRuns:
    """The same runs in a lake that a test may change."""
    lake = Path(shutil.copytree(offer_runs.lake, tmp_path / "lake"))
    return OfferRuns(lake, {**offer_runs.environment, "REFI_LAKE_URL": str(lake)}, offer_runs.run_ids)


def change_models(runs: OfferRuns, **changes: object) -> None:
    """Change what the manifest of the later run says of the first model."""
    path = runs.lake / OUTPUT / f"{runs.run_ids[1]}.manifest.json"
    manifest = json.loads(path.read_text())
    manifest["models"][0] |= changes
    path.write_text(json.dumps(manifest))


def state(*folders: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def another_champion(copied) -> Iterator[None]:
    """A champion under which nobody would get an offer. The registry is that of all tests: no version is added."""
    copied.registry.set_alias("loan_approval", CHAMPION, OTHER_VERSION)
    yield
    copied.registry.set_alias("loan_approval", CHAMPION, 1)


@pytest.mark.usefixtures("another_champion")
def test_a_replay_with_the_models_of_the_run_writes_the_same_bytes_and_only_reads_lake_and_store(copied, tmp_path):
    store = Path(copied.environment["REFI_STORE_DIR"])
    before = state(copied.lake, store)
    done = copied.refi("offers", "replay", copied.run_ids[1], "--out", tmp_path / "again.csv", "--json")

    assert (done.json["same"], done.json["rows"], done.json["other_code"]) == (True, 17, [])
    published = copied.lake / OUTPUT / f"{copied.run_ids[1]}.csv"
    assert (tmp_path / "again.csv").read_bytes() == published.read_bytes()
    assert state(copied.lake, store) == before


def test_a_version_that_is_not_in_the_registry_is_named(copied):
    change_models(copied, version=99)
    done = copied.refi("offers", "replay", check=1)
    assert f"Run {copied.run_ids[1]} cannot be replayed. Model loan_approval has no version 99." in done.stderr


def test_a_version_with_other_files_is_refused(copied):
    change_models(copied, sha256="0" * 64)
    done = copied.refi("offers", "replay", check=1)
    assert "loan_approval, version 1, has the SHA-256" in done.stderr
    assert f"the run used {'0' * 64}" in done.stderr


def test_a_run_that_scored_with_an_endpoint_cannot_be_replayed(copied):
    change_models(copied, version=None, sha256=None, endpoint="sagemaker://approval")
    done = copied.refi("offers", "replay", check=1)
    assert "scored with the endpoint sagemaker://approval, whose model it could not record" in done.stderr


def test_a_changed_input_is_refused_by_name(copied):
    file = "raw/customer_credit_profiles/load_date=2026-03-02/customer_credit_profiles.csv"
    path = copied.lake / file
    path.write_bytes(path.read_bytes().replace(b"24000", b"24001"))
    done = copied.refi("offers", "replay", check=1)
    assert f"{file} has changed since run" in done.stderr


def test_other_bytes_than_the_published_ones_end_with_exit_code_1(copied):
    path = copied.lake / OUTPUT / f"{copied.run_ids[1]}.manifest.json"
    manifest = json.loads(path.read_text())
    manifest["policy"]["values"]["program"]["loanOfferStrategy"]["originationFeePct"] = "2"
    path.write_text(json.dumps(manifest))
    done = copied.refi("offers", "replay", check=1)
    assert "Published: 17 rows" in done.stdout
    assert "Now:       17 rows" in done.stdout
