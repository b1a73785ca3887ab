"""Names of relations: the asset group/relation is group.relation in SQL, so that two groups may use one name.

refi is the first domain. People, catalogs and pages call its relations, and those of the stages that all sources pass
through, by the last part of the name alone.
"""

import re
from collections import Counter
from collections.abc import Iterable

from sqlglot import exp

STAGES = ("raw", "catalog", "staging")  # the sources of every domain pass through them, and a source's name is unique
FIRST_GROUPS = (*STAGES, "identity", "refi", "activation")

_KEY = re.compile('[^/"]+/[^/"]+')


def group_and_name(key: str) -> tuple[str, str]:
    """The group and the name in a key."""
    group, _, name = key.rpartition("/")
    return group, name


def keys_by_name(keys: Iterable[str]) -> dict[str, list[str]]:
    """Name -> the keys with this name, sorted, each once."""
    by_name: dict[str, list[str]] = {}
    for key in sorted(set(keys)):
        by_name.setdefault(group_and_name(key)[1], []).append(key)
    return by_name


def table_of(key: str) -> exp.Table:
    """The table of a query that reads a relation."""
    group, name = group_and_name(key)
    return exp.table_(name, db=group, quoted=True)


def key_of(table: exp.Table) -> str:
    """The key of the relation that a query reads.

    A table without a group has its bare name, a function an empty text, and a file its path in quotes.
    """
    parts = [part for part in (table.catalog, table.db, table.name) if part] if table.name else []
    return "/".join(f'"{part}"' if "/" in part else part for part in parts)


def is_key(text: str) -> bool:
    """Whether a text has the form group/relation."""
    return _KEY.fullmatch(text) is not None


def sql_name(key: str) -> str:
    """group.relation; the quoted path of a file is returned unchanged."""
    return key if '"' in key else key.replace("/", ".")


def short_name(key: str) -> str:
    """The name that people use: relation in refi's groups, group.relation in others."""
    group, name = group_and_name(key)
    return name if group in FIRST_GROUPS else f"{group}.{name}"


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Key -> short name; group.relation if two of the keys would have the same short name."""
    names = {key: short_name(key) for key in keys}
    times = Counter(names.values())
    return {key: name if times[name] == 1 else sql_name(key) for key, name in names.items()}


def catalog_database(key: str, database: str) -> str:
    """The catalog's database that shows a relation: `database` for refi's groups, <database>_<group> for others."""
    group = group_and_name(key)[0]
    return database if group in FIRST_GROUPS else f"{database}_{group}"
