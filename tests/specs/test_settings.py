"""The settings: every REFI_ variable, its default, and the message of a wrong value."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr, ValidationError

from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import SettingError
from refi_assets.settings import PlatformSettings, all_settings, forget_settings, settings_of
from refi_assets.specs.settings import SpecSettings

PROJECT = Path(__file__).parents[2]
DEFAULTS = {
    "project_dir": PROJECT,
    "lake_url": str(PROJECT / "lake"),
    "policy_file": PROJECT / "policies" / "refi" / "refi.yaml",
    "time_zone": "America/New_York",
    "watch": False,
    "quiet_minutes": 5,
    "keep_unpublished_days": 7,
    "keep_runs": 400,
    "masking_key": SecretStr(""),
    "masking_secret": "",
    "max_file_gb": 100,
    "threads": 0,
    "memory_limit": "2.5GB",
    "engine": "duckdb",
    "identity_engine": "off",
    "kms_key_id": "",
    "glue_database": "refi_ready_db",
    "catalog_mode": "contract",
    "glue_crawler": "",
    "crawler_minutes": 30,
    "athena_workgroup": "primary",
    "athena_output": "",
    "athena_usd_per_tb": 5,
    "entity_resolution_workflow": "",
    "entity_resolution_role_arn": "",
    "entity_resolution_technique": "rules",
    "entity_resolution_minutes": 60,
    "trino_url": "",
    "spark_master": "local[*]",
    "spark_memory": "2g",
    "spark_partitions": 16,
    "spark_jars": "",
    "glue_job": "",
    "mlflow_uri": f"sqlite:///{PROJECT / 'registry' / 'mlflow.db'}",
    "arrivals_queue_url": "",
    "alerts_topic_arn": "",
    "smtp_url": SecretStr(""),
    "alerts_mail_from": "",
    "alerts_mail_to": "",
    "alerts_pause_seconds": 60,
    "metrics_namespace": "",
    "ui_url": "http://127.0.0.1:3000",
    "log_format": "text",
    "api_host": "127.0.0.1",
    "api_port": 8080,
    "api_models": "",
    "api_poll_seconds": 20,
    "api_requests_per_second": 500,
    "api_connections": 10_000,
    "api_tls_cert": None,
    "api_tls_key": None,
    "store_dir": None,
    "kafka_bootstrap": "127.0.0.1:9092",
    "kafka_topic_prefix": "",
    "kafka_security_protocol": "plaintext",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_username": "",
    "kafka_password": SecretStr(""),
    "kafka_ca_file": None,
    "kafka_cert_file": None,
    "kafka_key_file": None,
    "stream_query": "live_default",
    "stream_dir": PROJECT / "stream",
    "stream_checkpoint": "",
    "stream_jars": Path.home() / ".cache" / "refi_assets" / "jars",
    "stream_memory": "3g",
    "stream_state_partitions": 2,
    "stream_events_a_batch": 100_000,
    "stream_trigger_seconds": 0,
    "stream_rows_a_transaction": 100_000,
    "stream_broker_wait_seconds": 60,
    "stream_port": 9109,
    "stream_topic_partitions": 2,
    "stream_topic_replicas": 1,
    "stream_retention_days": 30,
}

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:refi-masking-AbCdEf"


def in_force() -> dict[str, object]:
    """Every setting of every room, by name."""
    return {name: value for room in all_settings() for name, value in room}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No REFI_ variable, and no settings cached from or for other tests."""
    for name in [name for name in os.environ if name.startswith("REFI_")]:
        monkeypatch.delenv(name)
    forget_settings()
    yield
    forget_settings()


def test_nothing_has_to_be_set() -> None:
    assert in_force() == DEFAULTS
    assert settings_of(SpecSettings).policy_file.is_file()
    assert ZoneInfo(settings_of(PlatformSettings).time_zone)


def test_every_setting_belongs_to_one_room() -> None:
    names = [name for room in all_settings() for name in type(room).model_fields]
    assert sorted(names) == sorted(DEFAULTS)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("REFI_LAKE_URL", "/srv/lake", "/srv/lake"),
        ("REFI_LAKE_URL", "s3://acme-lake", "s3://acme-lake"),
        ("REFI_LAKE_URL", "s3://acme-lake/refi/prod/", "s3://acme-lake/refi/prod"),
        ("REFI_ENGINE", "athena", "athena"),
        ("REFI_TRINO_URL", "http://refi@trino:8080/lake/refi", "http://refi@trino:8080/lake/refi"),
        ("REFI_TRINO_URL", "https://refi:a%40b@trino/lake/refi", "https://refi:a%40b@trino/lake/refi"),
        ("REFI_MLFLOW_URI", "sqlite:////srv/models/mlflow.db", "sqlite:////srv/models/mlflow.db"),
        ("REFI_MLFLOW_URI", "https://mlflow.example.com/", "https://mlflow.example.com"),
        ("REFI_ATHENA_OUTPUT", "s3://acme-results/refi/", "s3://acme-results/refi/"),
        ("REFI_ATHENA_USD_PER_TB", "5.25", Decimal("5.25")),
        ("REFI_ENTITY_RESOLUTION_WORKFLOW", "refi-borrowers", "refi-borrowers"),
        (
            "REFI_ENTITY_RESOLUTION_ROLE_ARN",
            "arn:aws-us-gov:iam::123456789012:role/er",
            "arn:aws-us-gov:iam::123456789012:role/er",
        ),
        ("REFI_ENTITY_RESOLUTION_TECHNIQUE", "ml", "ml"),
        ("REFI_ENTITY_RESOLUTION_MINUTES", "90", 90),
        ("REFI_KEEP_RUNS", "30", 30),
        ("REFI_MASKING_KEY", "a key of thirty-two bytes, or more", SecretStr("a key of thirty-two bytes, or more")),
        ("REFI_MASKING_SECRET", SECRET, SECRET),
        ("REFI_LOG_FORMAT", "json", "json"),
        ("REFI_STORE_DIR", "/srv/store", Path("/srv/store")),
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
    assert in_force() == {**DEFAULTS, variable.removeprefix("REFI_").lower(): value}


@pytest.mark.parametrize("variable", ["LAKE_URL", "THREADS", "XREFI_THREADS"])
def test_a_variable_without_the_prefix_is_not_ours(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert in_force() == DEFAULTS


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        *(("REFI_LAKE_URL", text) for text in ("s3://", "s3:///lake", "gs://bucket/lake", "file:///srv/lake", "")),
        ("REFI_PROJECT_DIR", "/no/such/project"),
        *(("REFI_TIME_ZONE", text) for text in ("Mars/Base", "", "America", "../../etc/passwd", "/etc/localtime")),
        *(("REFI_WATCH", text) for text in ("perhaps", "")),
        *(("REFI_QUIET_MINUTES", text) for text in ("-1", "five", "nan", "inf", "")),
        *(("REFI_MAX_FILE_GB", text) for text in ("0", "-1", "10 GB", "inf", "nan", "")),
        *(("REFI_ENGINE", text) for text in ("bigquery", "DuckDB", "")),
        *(("REFI_GLUE_DATABASE", text) for text in ("Refi", "refi-ready", "")),
        *(("REFI_CATALOG_MODE", text) for text in ("both", "")),
        *(("REFI_ATHENA_WORKGROUP", text) for text in ("",)),
        *(("REFI_ATHENA_OUTPUT", text) for text in ("/srv/results", "results", "https://bucket/x")),
        *(("REFI_ATHENA_USD_PER_TB", text) for text in ("-1", "five", "nan", "")),
        *(
            ("REFI_TRINO_URL", text)
            for text in ("trino:8080", "http://trino:8080/lake/refi", "http://me@trino/lake", "http://me@trino:x/a/b")
        ),
        *(
            ("REFI_MLFLOW_URI", text)
            for text in ("/srv/models", "sqlite:///", "sqlite://x.db", "https://", "http://a:x", "databricks", "")
        ),
        *(("REFI_ENTITY_RESOLUTION_WORKFLOW", text) for text in ("refi borrowers", "a/b", "x" * 241)),
        *(("REFI_ENTITY_RESOLUTION_ROLE_ARN", text) for text in ("refi-matcher", "arn:aws:iam::1:role/x")),
        *(("REFI_ENTITY_RESOLUTION_TECHNIQUE", text) for text in ("provider", "")),
        *(("REFI_ENTITY_RESOLUTION_MINUTES", text) for text in ("0", "1441", "an hour")),
        *(("REFI_KEEP_RUNS", text) for text in ("0", "-1", "many")),
        ("REFI_MASKING_KEY", "thirty-one bytes are not enough"),
        *(("REFI_MASKING_SECRET", text) for text in ("refi/masking", "arn:aws:s3:::a-lake/key")),
        *(("REFI_LOG_FORMAT", text) for text in ("xml", "")),
        *(("REFI_KAFKA_BOOTSTRAP", text) for text in ("kafka", "kafka:x", "http://kafka:9092", "a:1,,b:2", "")),
        *(("REFI_KAFKA_SECURITY_PROTOCOL", text) for text in ("SSL", "tls", "")),
        *(("REFI_KAFKA_TOPIC_PREFIX", text) for text in ("a topic", "-x")),
        ("REFI_KAFKA_CA_FILE", "/no/such/file.pem"),
        *(("REFI_STREAM_QUERY", text) for text in ("a query", "a/b", "")),
        *(("REFI_STREAM_CHECKPOINT", text) for text in ("gs://bucket/checkpoint", "file:///srv/checkpoint")),
        *(("REFI_STREAM_EVENTS_A_BATCH", text) for text in ("0", "many")),
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
        all_settings()
    assert str(refused.value).startswith(f"{variable}: ")
    assert "pattern" not in str(refused.value), "an example is given instead"
    assert str(refused.value).endswith(f"Correct or unset the environment variable {variable}.")


@pytest.mark.parametrize(
    ("variables", "named", "message"),
    [
        ({"ENGINE": "trino"}, "TRINO_URL", "REFI_ENGINE=trino needs this URL"),
        ({"CATALOG_MODE": "crawler"}, "CATALOG_MODE", "needs REFI_ENGINE=athena, not duckdb"),
        ({"CATALOG_MODE": "crawler", "ENGINE": "athena"}, "GLUE_CRAWLER", "needs the name of a crawler"),
        (
            {"MASKING_KEY": "k" * 32, "MASKING_SECRET": SECRET},
            "MASKING_SECRET",
            "has one source",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "sasl_ssl"},
            "KAFKA_USERNAME",
            "needs REFI_KAFKA_USERNAME and REFI_KAFKA_PASSWORD",
        ),
        ({"KAFKA_CERT_FILE": __file__, "KAFKA_SECURITY_PROTOCOL": "ssl"}, "KAFKA_CERT_FILE", "needs its key"),
        ({"KAFKA_CA_FILE": __file__}, "KAFKA_SECURITY_PROTOCOL", "certificates need"),
        ({"ARRIVALS_QUEUE_URL": "https://sqs.example/1/q"}, "ARRIVALS_QUEUE_URL", "reports arrivals on S3"),
    ],
)
def test_settings_that_need_another_say_so(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str, message: str
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(f"REFI_{name}", text)
    with pytest.raises(SettingError, match=message) as refused:
        all_settings()
    assert str(refused.value).startswith(f"REFI_{named}: ")


def test_a_wrong_trino_url_is_not_repeated_as_it_may_hold_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFI_TRINO_URL", "http://me:hunter2@trino:8080/lake")
    with pytest.raises(SettingError) as refused:
        all_settings()
    assert "hunter2" not in str(refused.value)


def test_of_two_wrong_values_the_first_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFI_MEMORY_LIMIT", "lots")
    monkeypatch.setenv("REFI_THREADS", "two")
    with pytest.raises(SettingError, match="REFI_THREADS") as refused:
        all_settings()
    assert "REFI_MEMORY_LIMIT" not in str(refused.value)


def test_settings_are_read_once_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings_of(EngineSettings)
    monkeypatch.setenv("REFI_THREADS", "8")
    assert settings_of(EngineSettings).threads == 0
    with pytest.raises(ValidationError, match="frozen"):
        read.threads = 8  # type: ignore[misc]
