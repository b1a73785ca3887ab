"""The settings of Kafka, as its two clients want them: librdkafka, and Java's in Spark."""

import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from refi_assets.risk.stream.msk_login import msk_token
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


def test_a_login_at_msk_by_the_role_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = set_kafka(monkeypatch, security_protocol="sasl_ssl", sasl_mechanism="AWS_MSK_IAM")
    options = kafka.client_options()
    assert options["sasl.mechanism"] == "OAUTHBEARER"
    assert options["oauth_cb"] is msk_token
    assert not {"sasl.username", "sasl.password"} & options.keys()
    assert kafka.spark_options().items() >= {
        ("kafka.sasl.mechanism", "AWS_MSK_IAM"),
        ("kafka.sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required;"),
        ("kafka.sasl.client.callback.handler.class", "software.amazon.msk.auth.iam.IAMClientCallbackHandler"),
    }


def test_a_token_for_msk_is_that_of_awss_own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """aws-msk-iam-sasl-signer-python 1.0.2 gave this signature in this second, with these credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "tok/en+x=")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime(2026, 11, 27, 19, 34, 27))  # noqa: DTZ001
    token, end = msk_token("")
    assert urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode() == (
        "https://kafka.us-east-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIDEXAMPLE%2F20261127%2Fus-east-1%2Fkafka-cluster%2Faws4_request"
        "&X-Amz-Date=20261127T193427Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=tok%2Fen%2Bx%3D"
        "&X-Amz-Signature=408557ce1158e2e7b1d4385ba4c595a2cb0c70656e11cd8258c9d537fa38e845&User-Agent=refi_assets"
    )
    assert 890 < end - time.time() <= 900


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
