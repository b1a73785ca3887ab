"""The settings of Kafka, as its two clients want them: librdkafka, and Java's in Spark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from refi_assets.risk.stream.settings import KafkaSettings, StreamSettings
from refi_assets.settings import STATE_DIR, forget_settings, settings_of


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    forget_settings()
    yield
    forget_settings()


def set_kafka(monkeypatch: pytest.MonkeyPatch, **values: object) -> KafkaSettings:
    for name, value in values.items():
        monkeypatch.setenv(f"REFI_KAFKA_{name.upper()}", str(value))
    return settings_of(KafkaSettings)


def test_without_settings_it_is_a_broker_on_this_machine() -> None:
    kafka = settings_of(KafkaSettings)
    assert kafka.client_options().items() >= {
        ("bootstrap.servers", "127.0.0.1:9092"),
        ("security.protocol", "plaintext"),
    }
    assert kafka.spark_options() == {
        "kafka.bootstrap.servers": "127.0.0.1:9092",
        "kafka.security.protocol": "PLAINTEXT",
    }


def test_a_login_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("the authority")
    kafka = set_kafka(
        monkeypatch,
        bootstrap="a.acme:9096,b.acme:9096",
        security_protocol="sasl_ssl",
        username="refi",
        password='a "quoted" \\ word',
        ca_file=ca,
    )
    assert kafka.client_options().items() >= {
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "refi"),
        ("sasl.password", 'a "quoted" \\ word'),
        ("ssl.ca.location", str(ca)),
    }
    assert kafka.spark_options() == {
        "kafka.bootstrap.servers": "a.acme:9096,b.acme:9096",
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="refi" password="a \\"quoted\\" \\\\ word";',
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.location": str(ca),
    }
    assert "quoted" not in repr(kafka)


def test_a_client_with_a_certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate, key = tmp_path / "refi.pem", tmp_path / "refi.key"
    certificate.write_text("the certificate")
    key.write_text("the key")
    kafka = set_kafka(monkeypatch, security_protocol="ssl", cert_file=certificate, key_file=key)
    assert kafka.client_options().items() >= {
        ("ssl.certificate.location", str(certificate)),
        ("ssl.key.location", str(key)),
    }
    assert kafka.spark_options().items() >= {
        ("kafka.ssl.keystore.type", "PEM"),
        ("kafka.ssl.keystore.certificate.chain", "the certificate"),
        ("kafka.ssl.keystore.key", "the key"),
    }


def test_topics_have_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set_kafka(monkeypatch, topic_prefix="prod.").topic("loan-events") == "prod.loan-events"


@pytest.mark.parametrize(
    ("value", "checkpoint"),
    [
        (None, str(STATE_DIR / "stream" / "checkpoint" / "live_default")),
        ("/srv/checkpoint/", "/srv/checkpoint"),
        ("s3://acme-lake/checkpoint", "s3://acme-lake/checkpoint"),
    ],
)
def test_the_checkpoint_is_in_the_streams_folder_unless_set(
    monkeypatch: pytest.MonkeyPatch, value: str | None, checkpoint: str
) -> None:
    if value:
        monkeypatch.setenv("REFI_STREAM_CHECKPOINT", value)
    assert settings_of(StreamSettings).checkpoint == checkpoint
