"""Where the manifests of published audiences lie. What they hold is decided in activation/."""

from refi_assets.lake.objects import ObjectStore

SUFFIX = ".manifest.json"
LATEST = "output/latest.json"


def manifest_key(run_id: str) -> str:
    """Object key of the manifest of the audience that a run published."""
    return f"output/{run_id}{SUFFIX}"


def published_run_ids(lake: ObjectStore) -> list[str]:
    """The runs that published an audience, sorted."""
    keys = [info.key for info in lake.objects("output") if info.key.endswith(SUFFIX)]
    return [key.removeprefix("output/").removesuffix(SUFFIX) for key in keys]


def unpublished_run_ids(lake: ObjectStore) -> set[str]:
    """The runs that have published nothing (yet)."""
    return set(lake.folders("runs")).difference(published_run_ids(lake))
