"""Going back to an earlier audience by copying its commit, as docs/operations.md describes."""

import shutil
from datetime import timedelta
from pathlib import Path

from tests.support.running import DAY, latest, run_job


def test_a_copied_commit_makes_an_earlier_audience_the_latest_until_the_next_run(published_lake: Path):
    lake = published_lake
    earlier = latest(lake)["run_id"]
    run_job(lake, DAY + timedelta(days=1))
    commits = lake / "output" / "commits"
    assert sorted(path.name for path in commits.iterdir()) == ["00000001.json", "00000002.json"]

    shutil.copy(commits / "00000001.json", commits / "00000003.json")
    shutil.copy(commits / "00000003.json", lake / "output" / "latest.json")
    assert latest(lake)["run_id"] == earlier

    last = run_job(lake, DAY + timedelta(days=1)).result.run_id
    assert latest(lake)["run_id"] == last
    assert (commits / "00000004.json").exists()
