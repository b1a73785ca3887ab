"""The code location: everything under defs/, and what all domains share. Loading it opens no lake and no connection."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster import ComponentTree, PreviewWarning

from refi_assets.errors import RefiError
from refi_assets.orchestration.garbage import garbage_collection_off


@contextmanager
def _own_errors() -> Iterator[None]:
    """Let the words of an error in a contract, a policy or SQL through, without Dagster's around them."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, RefiError):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise cause from None


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs and resources of the platform.

    As load_from_defs_folder() has them, without the component types of every installed package: to list these takes
    over a second in each process where dagster-aws is installed, and no component is used here.
    """
    with garbage_collection_off():
        return _loaded()


def _loaded() -> dg.Definitions:
    import refi_assets.defs
    from refi_assets.orchestration.alert_sensor import alerts
    from refi_assets.orchestration.jobs import clean_up_after_runs, clean_up_job
    from refi_assets.orchestration.logs import log_runs_as_json
    from refi_assets.orchestration.resources import resources
    from refi_assets.settings import all_settings

    all_settings()  # a wrong one is reported now, not by the step that asks for it
    log_runs_as_json()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)
        tree = ComponentTree.from_module(refi_assets.defs, Path(__file__).parent.parent)
        with _own_errors():
            domains = tree.build_defs(Path(refi_assets.defs.__path__[0]))
    shared = dg.Definitions(
        jobs=[clean_up_job],
        sensors=[alerts, clean_up_after_runs],
        resources=resources(),
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(domains, shared)
