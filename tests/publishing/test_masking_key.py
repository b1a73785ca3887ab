"""The masking key: the hashes it makes are HMACs (Python's own module is the reference), and it is never shown."""

import hmac
from hashlib import sha256
from pathlib import Path

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError, SettingError
from refi_assets.lake import FolderStore
from refi_assets.publishing.masking_key import MaskingKey, add_mask
from refi_assets.settings import forget_settings

SECRET = "a secret key of at least 32 bytes"


@pytest.fixture
def engine(tmp_path: Path) -> DuckDBEngine:
    return DuckDBEngine(FolderStore(str(tmp_path / "lake")))


@pytest.mark.parametrize("secret", [b"k" * 32, bytes(range(64)), b"longer than a block" * 9])
@pytest.mark.parametrize("text", ["ann@example.com", "", "Zoë Łukasz\n'", "1980-12-31"])
def test_a_hash_is_the_hmac_of_kind_and_text(engine: DuckDBEngine, secret: bytes, text: str) -> None:
    with engine.session() as session:
        add_mask(session, MaskingKey(secret))
        quoted = text.replace("'", "''")
        (row,) = session.execute(
            f"SELECT masked('email', '{quoted}'), masked('phone', '{quoted}'), masked('email', NULL)"
        )
    expected = [hmac.new(secret, f"{kind}\x1f{text}".encode(), sha256).hexdigest() for kind in ("email", "phone")]
    assert row == (*expected, None)


def test_without_a_key_every_value_is_null(engine: DuckDBEngine) -> None:
    with engine.session() as session:
        add_mask(session, None)
        assert session.execute("SELECT masked('email', 'ann@example.com')") == [(None,)]


def test_the_key_is_in_no_text(engine: DuckDBEngine) -> None:
    key = MaskingKey(SECRET.encode())
    with engine.session() as session:
        add_mask(session, key)
        with pytest.raises(EngineError) as refused:
            session.execute("SELECT masked('email', no_such_column) FROM nowhere")
        statements = session.execute("SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'masked'")
    with engine.session() as later, pytest.raises(EngineError, match="masked"):
        later.execute("SELECT masked('email', 'x')")
    texts = [repr(key), str(key), key.fingerprint, str(refused.value), str(statements)]
    assert [text for text in texts if SECRET in text or SECRET.encode().hex() in text] == []


def test_the_key_of_the_deployment_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MaskingKey.of_deployment() is None
    monkeypatch.setenv("REFI_MASKING_KEY", SECRET)
    forget_settings()
    key = MaskingKey.of_deployment()
    assert key == MaskingKey(SECRET.encode())
    assert key.fingerprint != MaskingKey(b"another key of at least 32 bytes..").fingerprint


def test_a_short_key_is_refused_without_quoting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFI_MASKING_KEY", "hunter2")
    forget_settings()
    with pytest.raises(SettingError, match="shorter than 32 bytes") as refused:
        MaskingKey.of_deployment()
    assert "hunter2" not in str(refused.value)
    with pytest.raises(SettingError, match="shorter than 32 bytes"):
        MaskingKey(b"hunter2")


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch: pytest.MonkeyPatch):
    """No key from the environment of the tests, and none left for others."""
    for name in ("REFI_MASKING_KEY", "REFI_MASKING_SECRET"):
        monkeypatch.delenv(name, raising=False)
    forget_settings()
    yield
    monkeypatch.undo()
    forget_settings()
