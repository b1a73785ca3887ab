"""The Dagster UI in a real browser: it shows the groups, materializes a day, and publishes its audience.

With REFI_SCREENSHOT=1, the README's picture of the graph is taken again.
"""

import os
from pathlib import Path
from urllib.parse import quote

import pytest

from refi_assets.orchestration import partitions
from refi_assets.settings import PROJECT_DIR
from tests.support.running import ingest
from tests.support.serving import serving

PICTURE = PROJECT_DIR / "docs" / "images" / "graph.png"


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("ui") / "lake"


@pytest.fixture(scope="module")
def ui(lake):
    """`make dev`, with the sample in the raw zone under today's date."""
    ingest(lake, PROJECT_DIR / "data" / "sample", partitions.now().date())
    with serving("dev", lake) as url:
        yield url


def test_a_user_finds_the_groups_materializes_a_day_and_sees_it_succeed(browser, ui, lake):
    page = browser.new_page(viewport={"width": 1700, "height": 1000})
    page.set_default_timeout(60_000)

    page.goto(f"{ui}/asset-groups")
    for group in ("raw", "catalog", "staging", "refi", "activation", "ml", "models"):
        page.get_by_text(group, exact=True).first.wait_for()

    page.goto(f"{ui}/locations/refi_assets/jobs/refi")
    page.get_by_role("button", name="Materialize all").first.click()
    page.get_by_role("button", name="Latest").click()
    page.get_by_role("button", name="Launch 1 run").click()
    page.get_by_text("Launch runs to materialize").wait_for(state="hidden")
    page.goto(f"{ui}/runs")
    page.get_by_text("Success", exact=True).first.wait_for(timeout=120_000)
    assert len(list((lake / "output").glob("*.csv"))) == 1

    page.goto(f"{ui}/assets/refi/refi_eligibility?view=overview")
    page.get_by_text("ineligibility_reasons").first.wait_for()
    page.goto(f"{ui}/assets/refi/refi_audience?view=checks")
    page.get_by_text("tier_matches_spread").first.wait_for()

    page.goto(f"{ui}/asset-groups?expanded={quote('global@global:refi,global@global:activation', safe='')}")
    page.get_by_text("audience_file").first.wait_for()
    if os.environ.get("REFI_SCREENSHOT"):
        page.wait_for_timeout(3_000)
        page.screenshot(path=PICTURE)
