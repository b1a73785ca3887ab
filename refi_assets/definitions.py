"""The code location: everything under defs/, and what all domains share. Loading it opens no lake and no connection."""

import warnings
from pathlib import Path

import dagster as dg
from dagster import ComponentTree, PreviewWarning

from refi_assets.orchestration.jobs import clean_up_job
from refi_assets.orchestration.logs import log_runs_as_json
from refi_assets.orchestration.resources import resources
from refi_assets.orchestration.watching import alerts


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs and resources of the platform.

    As load_from_defs_folder() has them, without the component types of every installed package: to list these takes
    over a second in each process where dagster-aws is installed, and no component is used here.
    """
    log_runs_as_json()
    package = Path(__file__).parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)
        domains = ComponentTree.for_project(package).build_defs(package / "defs")
    shared = dg.Definitions(
        jobs=[clean_up_job], sensors=[alerts], resources=resources(), executor=dg.in_process_executor
    )
    return dg.Definitions.merge(domains, shared)
