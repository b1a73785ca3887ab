"""The settings: every REFI_ variable, its default, and what a wrong value says."""

import os
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from refi_assets.errors import SettingError
from refi_assets.settings import settings

PROJECT = Path(__file__).parents[2]
DEFAULTS = {
    "lake_url": str(PROJECT / "lake"),
    "policy_file": PROJECT / "policies" / "refi.yaml",
    "time_zone": "America/New_York",
    "watch": False,
    "quiet_minutes": 5,
    "keep_unpublished_days": 7,
    "max_file_gb": 100,
    "threads": 0,
    "memory_limit": "2.5GB",
}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No REFI_ variable, and no settings kept from another test or for the next one."""
    for name in [name for name in os.environ if name.startswith("REFI_")]:
        monkeypatch.delenv(name)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_nothing_has_to_be_set() -> None:
    assert settings().model_dump() == DEFAULTS
    assert settings().policy_file.is_file()
    assert ZoneInfo(settings().time_zone)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("REFI_LAKE_URL", "/srv/lake", "/srv/lake"),
        ("REFI_POLICY_FILE", "/srv/strict.yaml", Path("/srv/strict.yaml")),
        ("REFI_TIME_ZONE", "Pacific/Auckland", "Pacific/Auckland"),
        ("REFI_WATCH", "true", True),
        ("REFI_QUIET_MINUTES", "0.5", 0.5),
        ("REFI_KEEP_UNPUBLISHED_DAYS", "30", 30),
        ("REFI_MAX_FILE_GB", "0.5", 0.5),
        ("REFI_THREADS", "8", 8),
        ("REFI_MEMORY_LIMIT", "1.5GiB", "1.5GiB"),
        ("REFI_MEMORY_LIMIT", "900 MB", "900 MB"),
        ("REFI_MEMORY_LIMIT", "0.50GiB", "0.50GiB"),
    ],
)
def test_a_variable_sets_its_setting_and_no_other(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    assert settings().model_dump() == {**DEFAULTS, variable.removeprefix("REFI_").lower(): value}


@pytest.mark.parametrize("variable", ["LAKE_URL", "THREADS", "XREFI_THREADS"])
def test_a_variable_without_the_prefix_is_not_ours(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert settings().model_dump() == DEFAULTS


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        *(("REFI_LAKE_URL", text) for text in ("s3://bucket/lake", "file:///srv/lake", "")),
        *(("REFI_TIME_ZONE", text) for text in ("Mars/Base", "", "America", "../../etc/passwd", "/etc/localtime")),
        *(("REFI_WATCH", text) for text in ("perhaps", "")),
        *(("REFI_QUIET_MINUTES", text) for text in ("-1", "five", "nan", "inf", "")),
        *(("REFI_MAX_FILE_GB", text) for text in ("0", "-1", "10 GB", "inf", "nan", "")),
        *(("REFI_THREADS", text) for text in ("-1", "two", "1.5", "")),
        *(
            ("REFI_MEMORY_LIMIT", text)
            for text in ("lots", "3", "3GB; DROP", "-1GB", "80%", "3GB\n", "", "0GB", "0.0GB")
        ),
    ],
)
def test_a_wrong_value_gives_one_message_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingError) as refused:
        settings()
    assert str(refused.value).startswith(f"{variable}: ")
    assert str(refused.value).endswith(f"Correct or unset the environment variable {variable}.")


def test_of_two_wrong_values_the_first_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFI_MEMORY_LIMIT", "lots")
    monkeypatch.setenv("REFI_THREADS", "two")
    with pytest.raises(SettingError, match="REFI_THREADS") as refused:
        settings()
    assert "REFI_MEMORY_LIMIT" not in str(refused.value)


def test_settings_are_read_once_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings()
    monkeypatch.setenv("REFI_THREADS", "8")
    assert settings().threads == 0
    with pytest.raises(ValidationError, match="frozen"):
        read.threads = 8  # type: ignore[misc]
