"""Names of relations: the asset group/relation is group.relation in SQL, so that two groups may use one name.

refi was here before the other domains. People, catalogs and pages call its relations, and those of the stages that
all sources pass, by the last part of the name alone, and go on doing so.
"""

import re
from collections import Counter
from collections.abc import Iterable

from sqlglot import exp

STAGES = ("raw", "catalog", "staging")  # every domain's sources pass them, and a source's name is unique
FIRST_GROUPS = (*STAGES, "identity", "refi", "activation")

_KEY = re.compile('[^/"]+/[^/"]+')


def group_and_name(key: str) -> tuple[str, str]:
    """Both parts of a key."""
    group, _, name = key.rpartition("/")
    return group, name


def keys_by_name(keys: Iterable[str]) -> dict[str, list[str]]:
    """The last part of keys -> the keys that have it, sorted, each once."""
    by_name: dict[str, list[str]] = {}
    for key in sorted(set(keys)):
        by_name.setdefault(group_and_name(key)[1], []).append(key)
    return by_name


def table_of(key: str) -> exp.Table:
    """A relation as a query reads it."""
    group, name = group_and_name(key)
    return exp.table_(name, db=group, quoted=True)


def key_of(table: exp.Table) -> str:
    """The key of the relation that a query reads.

    A table without a group keeps its bare name. A function has none, and what is the path of a file no key.
    """
    parts = [part for part in (table.catalog, table.db, table.name) if part] if table.name else []
    return "/".join(f'"{part}"' if "/" in part else part for part in parts)


def is_key(text: str) -> bool:
    """Whether a text is group/relation."""
    return _KEY.fullmatch(text) is not None


def sql_name(key: str) -> str:
    """group.relation; the path of a file, which key_of puts in quotes, stays as it is."""
    return key if '"' in key else key.replace("/", ".")


def short_name(key: str) -> str:
    """The name that people know: relation of refi's groups, group.relation of others."""
    group, name = group_and_name(key)
    return name if group in FIRST_GROUPS else f"{group}.{name}"


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Key -> short name; group.relation if two of these would have the same one."""
    names = {key: short_name(key) for key in keys}
    times = Counter(names.values())
    return {key: name if times[name] == 1 else sql_name(key) for key, name in names.items()}


def database_of(key: str, database: str) -> str:
    """The catalog's database that shows a relation: refi's tables are in `database`, others in <database>_<group>."""
    group = group_and_name(key)[0]
    return database if group in FIRST_GROUPS else f"{database}_{group}"
