"""The champions that are served: loaded from the registry in the background, and kept if it goes away.

A request reads them from memory and never waits for the registry.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from refi_assets.api.contact import Contact
from refi_assets.ml.registry import CHAMPION, RegisteredModel, Registry


@dataclass
class ServedModel:
    """A model by name: its champion, once one has been loaded. `loading`: of the version that is the champion now."""

    name: str
    loading: Contact
    champion: RegisteredModel | None = None
    registered_at: datetime | None = None
    failed_loads: int = 0


@dataclass
class Champions:
    """The champions of these models, or of every model of the registry that has one.

    `connect` opens the registry; it is called again after a failure, so the registry may come later.
    """

    connect: Callable[[], Registry]
    names: Collection[str] = ()
    contact: Contact = field(default_factory=lambda: Contact("The registry"))
    _served: dict[str, ServedModel] = field(default_factory=dict)
    _registry: Registry | None = None

    def __post_init__(self) -> None:
        self._served = {name: _not_loaded(name) for name in self.names}

    @property
    def served(self) -> Mapping[str, ServedModel]:
        """The models by name."""
        return self._served

    def poll(self) -> None:
        """Look for new champions once. A failure is kept and logged; what is served then stays as it is."""
        versions: dict[str, int | None] = {}
        with self.contact.attempt():
            registry, self._registry = self._registry or self.connect(), None
            for name in self.names or registry.names():
                versions[name] = registry.alias_version(name, CHAMPION)
            self._registry = registry
        if self._registry is not None:
            for name, version in versions.items():
                self._follow(self._registry, name, version)

    def _follow(self, registry: Registry, name: str, version: int | None) -> None:
        served = self._served.get(name)
        if version is None:
            if served is not None:
                # An emptied registry looks the same as a withdrawn champion; to serve none, the API is stopped.
                served.loading.report(f"The registry has no champion of {name}.")
            return
        if served is None:
            served = _not_loaded(name)
            self._served = self._served | {name: served}  # replaced, because requests iterate over it
        if served.champion is not None and served.champion.version == version:
            served.loading.report(None)
            return
        with served.loading.attempt():
            champion = registry.load(name, version)
            champion.model.score({column.name: None for column in champion.model.inputs})  # the first one is slow
            (info,) = (info for info in registry.versions(name) if info.version == version)
            served.champion, served.registered_at = champion, info.registered_at
        if served.loading.error is not None:
            served.failed_loads += 1


def _not_loaded(name: str) -> ServedModel:
    return ServedModel(name, Contact(f"The champion of {name}"))
