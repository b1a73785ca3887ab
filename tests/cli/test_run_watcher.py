"""What the command line makes of the events of a run."""

import uuid

import dagster as dg
import pytest

from refi_assets.cli.run_watcher import RunWatcher
from refi_assets.cli.terminal import Terminal


@pytest.mark.parametrize("blocks", [True, False])
def test_an_error_of_a_check_blocks_only_if_the_check_may(blocks):
    """An error of a check that stops nothing, such as drift, was not among the warnings of a run that succeeded."""

    @dg.asset
    def watched() -> None:
        """An asset."""

    @dg.asset_check(asset=watched, blocking=blocks)
    def stable() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, metadata={"number": 1, "limit": "none"}, description="1; none. income")

    job = dg.Definitions(assets=[watched], asset_checks=[stable]).resolve_implicit_global_asset_job_def()
    with dg.instance_for_test() as instance:
        run_id = str(uuid.uuid4())
        with RunWatcher(instance, run_id, Terminal(), is_silent=True) as watcher:
            job.execute_in_process(instance=instance, run_id=run_id, raise_on_error=False)
    (check,) = watcher.failed_checks
    assert check["blocks"] is blocks
    assert watcher.status == ("blocked" if blocks else "failed")
    assert [warning.split(" (")[0] for warning in watcher.warnings] == ([] if blocks else ["watched stable"])
