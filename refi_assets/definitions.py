"""The code location: everything under defs/. Loading it opens no file of the lake and no connection."""

import warnings
from pathlib import Path

from dagster import ComponentTree, Definitions, PreviewWarning, definitions


@definitions
def defs() -> Definitions:
    """Assets, checks, jobs and resources of the platform.

    As load_from_defs_folder() has them, without the component types of every installed package: to list these takes
    over a second in each process where dagster-aws is installed, and no component is used here.
    """
    package = Path(__file__).parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)
        return ComponentTree.for_project(package).build_defs(package / "defs")
