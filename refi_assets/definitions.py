"""The code location: everything under defs/, and the definitions that all domains share.

Loading it opens no lake and no connection.
"""

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
    """Raise an error in a contract, a policy or SQL itself, without the errors that Dagster wraps around it."""
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

    The same as load_from_defs_folder(), without listing the component types of every installed package: that takes over
    a second in each process if dagster-aws is installed, and no component is used here.
    """
    with garbage_collection_off():
        return _loaded()


def _loaded() -> dg.Definitions:
    import refi_assets.defs
    from refi_assets.defs.banking import BANKING
    from refi_assets.orchestration.alert_sensor import alerts
    from refi_assets.orchestration.glue_runs import on_glue
    from refi_assets.orchestration.jobs import clean_up_after_runs, clean_up_job
    from refi_assets.orchestration.logs import log_runs_as_json
    from refi_assets.orchestration.masking import mask_after_runs, mask_job
    from refi_assets.orchestration.resources import resources
    from refi_assets.orchestration.settings import OrchestrationSettings
    from refi_assets.settings import all_settings, settings_of

    all_settings()  # report a wrong setting now, not in the step that reads it
    log_runs_as_json()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)
        tree = ComponentTree.from_module(refi_assets.defs, Path(__file__).parent.parent)
        with _own_errors():
            domains = tree.build_defs(Path(refi_assets.defs.__path__[0]))
    shared = dg.Definitions(
        jobs=[clean_up_job, mask_job],
        sensors=[alerts, clean_up_after_runs, mask_after_runs],
        resources=resources(),
        executor=dg.in_process_executor,
    )
    definitions = dg.Definitions.merge(domains, shared)
    glue_job = settings_of(OrchestrationSettings).glue_job
    return on_glue(definitions, BANKING, glue_job) if glue_job else definitions
