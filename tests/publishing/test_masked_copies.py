"""Copies for analysts, of relations written by hand. Hashes are compared with those of Python's own HMAC."""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import FolderStore, Relation
from refi_assets.publishing.masked_copies import AnalystRun, MaskedCopy, Masking, copy_for_analysts, delete_old_copies
from refi_assets.publishing.masking_key import MaskingKey
from refi_assets.publishing.publication import Publication

TOYS = Publication("toys")
KEY = MaskingKey(b"a secret key of at least 32 bytes")
KINDS = {
    "silver/client": {
        "client_id": "",
        "email": "email",
        "birth_date": "date_of_birth",
        "age": "date_of_birth",
        "is_adult": "x",
    },
    "silver/letter": {"sent_to": "email", "words": ""},
    "gold/total": {"clients": ""},
    "staging/client": {"email": "email"},
}
CLIENTS = """
SELECT 'C1' AS client_id, 'ann@example.com' AS email, DATE '1980-12-31' AS birth_date, 45 AS age, TRUE AS is_adult
UNION ALL SELECT 'C2', NULL, NULL, NULL, NULL
"""
RELATIONS = {
    "silver/client": (
        {"client_id": "VARCHAR", "email": "VARCHAR", "birth_date": "DATE", "age": "INTEGER", "is_adult": "BOOLEAN"},
        CLIENTS,
    ),
    "silver/letter": ({"sent_to": "VARCHAR", "words": "INTEGER"}, "SELECT 'ann@example.com' AS sent_to, 7 AS words"),
    "gold/total": ({"clients": "BIGINT"}, "SELECT COUNT(*) AS clients FROM silver.client"),
    "staging/client": ({"email": "VARCHAR"}, "SELECT 'ann@example.com' AS email"),
    "silver/undescribed": ({"email": "VARCHAR"}, "SELECT 'ann@example.com' AS email"),
}


def hashed(kind: str, text: str) -> str:
    return hmac.new(KEY.secret, f"{kind}\x1f{text}".encode(), sha256).hexdigest()


@pytest.fixture
def lake(tmp_path: Path) -> FolderStore:
    return FolderStore(str(tmp_path / "lake"))


def publish(lake: FolderStore, run_id: str) -> None:
    """A run that published these relations and became the latest."""
    run = {"run_id": run_id, "as_of": "2026-02-20"}
    for key, (columns, sql) in RELATIONS.items():
        lake.put_json(f"runs/{run_id}/{key}.json", {"key": key, **run, "kind": "view", "columns": columns, "sql": sql})
    relations = {key: {"run_id": run_id, "rows": 1} for key in RELATIONS}
    lake.put_json(TOYS.manifest_key(run_id), {**run, "relations": relations})
    assert TOYS.commit(lake, run, policy_overridden=False, force_latest=False) is None


def masking(key: MaskingKey | None = KEY, kinds: dict[str, dict[str, str]] = KINDS) -> Masking:
    return Masking(key, lambda keys: {name: kinds[name] for name in keys if name in kinds}, repr(kinds))


def copy(
    lake: FolderStore,
    key: MaskingKey | None = KEY,
    kinds: dict[str, dict[str, str]] = KINDS,
    shown: list[str] | None = None,
) -> MaskedCopy:
    """The newest copy; `shown` gets the keys of relations that are copied now."""

    def show(relations: Sequence[Relation]) -> None:
        if shown is not None:
            shown.extend(relation.key for relation in relations)

    newest = copy_for_analysts(TOYS, lake, DuckDBEngine(lake), masking(key, kinds), show)
    assert newest is not None
    return newest


def rows(lake: FolderStore, sql: str) -> list[tuple[object, ...]]:
    return AnalystRun.find(TOYS, lake, DuckDBEngine(lake)).query(sql)[1]


def test_personal_values_are_hashes_nulls_stay_null_and_the_rest_is_as_it_was(lake: FolderStore) -> None:
    publish(lake, "r1")
    copy(lake)
    assert rows(lake, "SELECT * FROM silver.client ORDER BY client_id NULLS LAST") == [
        (
            "C1",
            hashed("email", "ann@example.com"),
            hashed("date_of_birth", "1980-12-31"),
            hashed("date_of_birth", "45"),
            None,
        ),
        ("C2", None, None, None, None),
    ]
    assert rows(lake, "SELECT words FROM silver.letter") == [(7,)]
    assert rows(lake, "SELECT clients FROM gold.total") == [(2,)]


def test_relations_are_joined_by_the_hashes_of_one_kind(lake: FolderStore) -> None:
    publish(lake, "r1")
    copy(lake)
    joined = "SELECT client.client_id FROM silver.client JOIN silver.letter ON letter.sent_to = client.email"
    assert rows(lake, joined) == [("C1",)]


def test_without_a_key_personal_values_are_null(lake: FolderStore) -> None:
    publish(lake, "r1")
    assert copy(lake, None).key is None
    assert rows(lake, "SELECT COUNT(*), COUNT(email), COUNT(birth_date), COUNT(is_adult) FROM silver.client") == [
        (2, 0, 0, 0)
    ]


def test_analysts_see_neither_sources_nor_what_no_lineage_describes(lake: FolderStore) -> None:
    publish(lake, "r1")
    copy(lake)
    for hidden in ("staging.client", "silver.undescribed"):
        with pytest.raises(EngineError, match=f"There is no relation {hidden}; a query may read client, letter, total"):
            rows(lake, f"SELECT email FROM {hidden}")
    with pytest.raises(LakeError, match="latest copy only"):
        AnalystRun.find(TOYS, lake, DuckDBEngine(lake), "r1")


def test_a_column_of_no_known_kind_is_left_out(lake: FolderStore) -> None:
    publish(lake, "r1")
    copy(lake, kinds=KINDS | {"silver/letter": {"words": ""}})
    assert rows(lake, "SELECT * FROM silver.letter") == [(7,)]


def test_no_file_of_a_copy_contains_a_personal_value(lake: FolderStore) -> None:
    publish(lake, "r1")
    copy(lake)
    files = [path for path in Path(lake.name, "masked").rglob("*") if path.is_file()]
    assert len(files) == 4
    assert [path.name for path in files if b"ann@" in path.read_bytes() or KEY.secret in path.read_bytes()] == []


def test_a_copy_is_made_once_for_a_run_a_key_and_the_columns_to_mask(lake: FolderStore) -> None:
    publish(lake, "r1")
    shown: list[str] = []
    first = copy(lake, shown=shown)
    assert sorted(shown) == ["gold/total", "silver/client", "silver/letter"]
    assert copy(lake, shown=shown).id == first.id
    assert len(shown) == 3, "nothing was shown again"
    rotated = copy(lake, MaskingKey(b"another secret key of 32 or more bytes"))
    more = copy(lake, kinds=KINDS | {"gold/total": {"clients": "secret"}})
    publish(lake, "r2")
    assert len({first.id, rotated.id, more.id, copy(lake).id}) == 4


def test_a_copy_that_cannot_be_shown_is_not_the_newest(lake: FolderStore) -> None:
    publish(lake, "r1")
    first = copy(lake)
    publish(lake, "r2")

    def fail(_: Sequence[Relation]) -> None:
        raise EngineError("The catalog is away.")

    with pytest.raises(EngineError):
        copy_for_analysts(TOYS, lake, DuckDBEngine(lake), masking(), fail)
    assert MaskedCopy.newest(TOYS, lake) == first
    assert copy(lake).run_id == "r2", "the next call tries again"


def test_only_old_copies_are_deleted(lake: FolderStore) -> None:
    publish(lake, "r1")
    copy(lake)
    publish(lake, "r2")
    newest = copy(lake)
    assert delete_old_copies(lake, before=0) == 0
    assert delete_old_copies(lake, before=2**40) == 3
    assert lake.folders("masked/toys") == [newest.id]
    assert rows(lake, "SELECT clients FROM gold.total") == [(2,)]


def test_nothing_is_copied_before_the_first_publication(lake: FolderStore) -> None:
    assert copy_for_analysts(TOYS, lake, DuckDBEngine(lake), masking(), lambda _: None) is None
    with pytest.raises(LakeError, match="refi mask"):
        AnalystRun.find(TOYS, lake, DuckDBEngine(lake))
