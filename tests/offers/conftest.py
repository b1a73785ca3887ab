"""Programs of loan offers: their files, their runs, and answers about these."""

import pytest

from tests.support.offer_runs import OfferRuns, make_offer_runs


def pytest_configure(config: pytest.Config) -> None:
    """Bring in what tests of whole runs share, and registries of models."""
    config.pluginmanager.import_plugin("tests.support.fixtures")
    config.pluginmanager.import_plugin("tests.support.registries")


@pytest.fixture(scope="session")
def offer_runs(tmp_path_factory: pytest.TempPathFactory) -> OfferRuns:
    """Two published weeks of the program; read-only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENLINEAGE_DISABLED", "true")
        return make_offer_runs(tmp_path_factory.mktemp("offer_runs") / "runs")
