"""The code location: everything under defs/. Loading it opens no file of the lake and no connection."""

from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """Assets, checks, jobs and resources of the platform."""
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
