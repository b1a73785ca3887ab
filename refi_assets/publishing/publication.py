"""A publication: a name, and the commits, pointer, manifests and files below output/ that belong to it.

Commits are numbered, and only one of several runs gets a number: their order is the order of publication, even if a
run is slow or killed. The pointer repeats the last commit; it is the only object that readers need and the only one
that ever changes, and it is put last, whole. The file is written by publish.py; retention.py decides how long the
relations behind it are kept.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from refi_assets.errors import SettingError
from refi_assets.lake import ObjectStore
from refi_assets.specs.groups import domain_of_group

OUTPUT = "output"
MANIFEST_SUFFIX = ".manifest.json"

# The first publication is in output/ itself.
FIRST = "refi"


@dataclass(frozen=True)
class Publication:
    """A publication. Raises SettingError unless the name is lower-case letters, digits and underscores.

    `contents` is what its manifests and commits call its file.
    """

    name: str
    contents: str = "file"

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z0-9_]+", self.name) or self.name == "commits":
            raise SettingError(
                f"{self.name!r} is not a valid name of a publication: use lower-case letters, digits and underscores, "
                "and not 'commits'."
            )

    @property
    def folder(self) -> str:
        """Its folder in the lake."""
        return OUTPUT if self.name == FIRST else f"{OUTPUT}/{self.name}"

    @property
    def command(self) -> str:
        """The start of the commands that make and show it."""
        return "refi" if self.name == FIRST else f"refi {domain_of_group(self.name)}"

    @property
    def latest_key(self) -> str:
        """Object key of the pointer to the last commit."""
        return f"{self.folder}/latest.json"

    @property
    def commits_folder(self) -> str:
        """The folder of its commits."""
        return f"{self.folder}/commits"

    def manifest_key(self, run_id: str) -> str:
        """Object key of the manifest of a run."""
        return f"{self.folder}/{run_id}{MANIFEST_SUFFIX}"

    def file_key(self, run_id: str) -> str:
        """Object key of the CSV file of a run."""
        return f"{self.folder}/{run_id}.csv"

    def latest(self, lake: ObjectStore) -> dict[str, str] | None:
        """The last commit, read from the pointer; None before the first."""
        latest: dict[str, str] | None = lake.get_json(self.latest_key)
        return latest

    def manifest(self, lake: ObjectStore, run_id: str) -> dict[str, Any] | None:
        """The manifest of what a run published; None if it published nothing here."""
        return lake.get_immutable(self.manifest_key(run_id), dict)

    def run_ids(self, lake: ObjectStore) -> list[str]:
        """The runs that published, sorted."""
        names = [info.key.removeprefix(f"{self.folder}/") for info in lake.objects(self.folder)]
        return [
            name.removesuffix(MANIFEST_SUFFIX) for name in names if name.endswith(MANIFEST_SUFFIX) and "/" not in name
        ]

    def commits(self, lake: ObjectStore) -> list[dict[str, str]]:
        """All commits, in the order of publication."""
        commits = (lake.get_immutable(info.key, dict) for info in lake.objects(self.commits_folder))
        return [commit for commit in commits if commit is not None]

    def commit(
        self, lake: ObjectStore, commit: dict[str, str], *, policy_overridden: bool, force_latest: bool
    ) -> str | None:
        """Make this commit the latest. If it must not become the latest, returns the reason and changes nothing."""
        if policy_overridden and not force_latest:
            return "the run used another policy than the deployment's"
        while True:
            number, last = self._last_commit(lake)
            if last is not None and last["as_of"] > commit["as_of"] and not force_latest:
                return f"it names the {self.contents} of a later day, {last['as_of']}"
            if lake.create_json(f"{self.commits_folder}/{number + 1:08}.json", commit):
                break
        while True:  # another run may have committed meanwhile
            latest, etag = lake.get_json_and_etag(self.latest_key)  # read before the commit: never replaces a newer one
            last = self._last_commit(lake)[1]
            if latest == last:
                return None
            lake.replace_json(self.latest_key, last, etag)

    def _last_commit(self, lake: ObjectStore) -> tuple[int, dict[str, str] | None]:
        keys = [info.key for info in lake.objects(self.commits_folder)]
        return (int(PurePath(keys[-1]).stem), lake.get_json(keys[-1])) if keys else (0, None)


def publications(lake: ObjectStore) -> list[Publication]:
    """Every publication of a lake, refi's first."""
    names = [name for name in lake.folders(OUTPUT) if re.fullmatch("[a-z0-9_]+", name) and name != "commits"]
    return [Publication(FIRST), *map(Publication, sorted(names))]


def published_run_ids(lake: ObjectStore) -> set[str]:
    """The runs that have a manifest in any publication."""
    return {run_id for publication in publications(lake) for run_id in publication.run_ids(lake)}
