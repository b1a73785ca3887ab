"""A publication: what the lake shows under a name, and its commits, pointer, manifests and files below output/.

Commits are numbered, and of several runs that want a number one gets it: their order is the order of publication,
whoever is slow or dies. The pointer repeats the last commit; it is the one object that readers need and that ever
changes, and it is put last, whole. The file is written in publish.py; how long what is behind it stays is in
retention.py.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from refi_assets.errors import SettingError
from refi_assets.lake import ObjectStore

OUTPUT = "output"
MANIFEST_SUFFIX = ".manifest.json"

# The first publication: it lies in output/ itself, where it always was.
FIRST = "refi"


@dataclass(frozen=True)
class Publication:
    """One publication by its name: lower-case letters, digits and underscores. Raises SettingError for another.

    `contents` says in its manifests and commits what its file is.
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
        """Where it lies in the lake."""
        return OUTPUT if self.name == FIRST else f"{OUTPUT}/{self.name}"

    @property
    def command(self) -> str:
        """What the commands that make and show it begin with."""
        return "refi" if self.name == FIRST else f"refi {self.name}"

    @property
    def latest_key(self) -> str:
        """Object key of the pointer to what was published last."""
        return f"{self.folder}/latest.json"

    @property
    def commits_folder(self) -> str:
        """Where its commits lie."""
        return f"{self.folder}/commits"

    def manifest_key(self, run_id: str) -> str:
        """Object key of the manifest of what a run published."""
        return f"{self.folder}/{run_id}{MANIFEST_SUFFIX}"

    def file_key(self, run_id: str) -> str:
        """Object key of the CSV file that a run published."""
        return f"{self.folder}/{run_id}.csv"

    def latest(self, lake: ObjectStore) -> dict[str, str] | None:
        """The last commit, as the pointer repeats it; None before the first."""
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
        """What was made the latest, in that order."""
        commits = (lake.get_immutable(info.key, dict) for info in lake.objects(self.commits_folder))
        return [commit for commit in commits if commit is not None]

    def commit(
        self, lake: ObjectStore, commit: dict[str, str], *, policy_overridden: bool, force_latest: bool
    ) -> str | None:
        """Make what `commit` names the latest, unless that must not be: then returns why."""
        if policy_overridden and not force_latest:
            return "the run used another policy than the deployment's"
        while True:
            number, last = self._last_commit(lake)
            if last is not None and last["as_of"] > commit["as_of"] and not force_latest:
                return f"it names the {self.contents} of a later day, {last['as_of']}"
            if lake.create_json(f"{self.commits_folder}/{number + 1:08}.json", commit):
                break
        while True:  # another run may have committed meanwhile
            latest, etag = lake.get_json_and_etag(self.latest_key)  # before the last commit: never over a newer one
            last = self._last_commit(lake)[1]
            if latest == last:
                return None
            lake.replace_json(self.latest_key, last, etag)

    def _last_commit(self, lake: ObjectStore) -> tuple[int, dict[str, str] | None]:
        keys = [info.key for info in lake.objects(self.commits_folder)]
        return (int(PurePath(keys[-1]).stem), lake.get_json(keys[-1])) if keys else (0, None)


def publications(lake: ObjectStore) -> list[Publication]:
    """Every publication of a lake, the first before the others."""
    others = [name for name in lake.folders(OUTPUT) if re.fullmatch("[a-z0-9_]+", name) and name != "commits"]
    return [Publication(FIRST), *map(Publication, sorted(others))]


def published_run_ids(lake: ObjectStore) -> set[str]:
    """The runs that published anything under any name."""
    return {run_id for publication in publications(lake) for run_id in publication.run_ids(lake)}
