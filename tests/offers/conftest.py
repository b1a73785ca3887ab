"""Programs of loan offers: their files, their runs, and answers about these."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.offer_runs import OfferRuns


def pytest_configure(config: pytest.Config) -> None:
    """Bring in what tests of whole runs share, and registries of models."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.support.registries")


@pytest.fixture(scope="session")
def offer_runs(tmp_path_factory: pytest.TempPathFactory) -> "OfferRuns":
    """Two published weeks of the program; read-only."""
    from tests.support.offer_runs import make_offer_runs  # after the plugins, whose assertions pytest rewrites

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENLINEAGE_DISABLED", "true")
        return make_offer_runs(tmp_path_factory.mktemp("offer_runs") / "runs")
