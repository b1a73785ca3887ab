"""Settings of Kafka and of the stream. What is late, and which score is high, are rules: policies/risk/risk.yaml."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from refi_assets.lake.settings import is_s3
from refi_assets.risk.stream.msk_login import msk_token
from refi_assets.settings import STATE_DIR, RoomSettings, related_setting_error

# Of the extra `stream`; Spark's own are in engines/.
STREAM_PACKAGES = ("confluent_kafka", "filelock", "jsonschema_rs", "orjson", "prometheus_client")

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "refi_assets"
_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


class KafkaSettings(RoomSettings):
    """Where Kafka is, and how its clients prove who they are."""

    kafka_bootstrap: str = Field(
        default="127.0.0.1:9092",
        pattern=r"^[^\s:,/]+:\d{1,5}(,[^\s:,/]+:\d{1,5})*$",
        examples=["127.0.0.1:9092", "b-1.acme:9098,b-2.acme:9098"],
        description="Kafka's brokers, as host:port, separated by commas.",
    )
    kafka_topic_prefix: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$",
        examples=["prod."],
        description="What the names of our topics begin with, if several environments share a Kafka.",
    )
    kafka_security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        default="plaintext", description="Whether the connection is encrypted (ssl), and has a login (sasl)."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "AWS_MSK_IAM"] = Field(
        default="SCRAM-SHA-512", description="The kind of login; AWS_MSK_IAM is by the role of this process."
    )
    kafka_username: str = Field(default="", description="The login's name.")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    kafka_ca_file: Path | None = Field(
        default=None,
        description="The authorities that may sign the brokers' certificates, a PEM file; default: the system's.",
    )
    kafka_cert_file: Path | None = Field(default=None, description="The client's own certificate, a PEM file.")
    kafka_key_file: Path | None = Field(default=None, description="Its key (PKCS #8), without a password; a PEM file.")

    @field_validator("kafka_ca_file", "kafka_cert_file", "kafka_key_file")
    @classmethod
    def _is_a_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"{value} is not a file")
        return value

    @model_validator(mode="after")
    def _are_complete(self) -> Self:
        has_login = self.uses_msk_iam or bool(self.kafka_username and self.kafka_password.get_secret_value())
        if self._uses_sasl and not has_login:
            protocol = self.kafka_security_protocol
            reason = f"REFI_KAFKA_SECURITY_PROTOCOL={protocol} needs REFI_KAFKA_USERNAME and REFI_KAFKA_PASSWORD"
            raise related_setting_error("kafka_username", reason)
        if self.uses_msk_iam and not self._uses_tls:
            reason = "REFI_KAFKA_SASL_MECHANISM=AWS_MSK_IAM needs REFI_KAFKA_SECURITY_PROTOCOL=sasl_ssl"
            raise related_setting_error("kafka_security_protocol", reason)
        if (self.kafka_cert_file is None) != (self.kafka_key_file is None):
            reason = "a certificate needs its key: set both REFI_KAFKA_CERT_FILE and REFI_KAFKA_KEY_FILE"
            raise related_setting_error("kafka_cert_file", reason)
        if not self._uses_tls and (self.kafka_ca_file or self.kafka_cert_file):
            reason = "certificates need REFI_KAFKA_SECURITY_PROTOCOL=ssl or sasl_ssl"
            raise related_setting_error("kafka_security_protocol", reason)
        return self

    @property
    def uses_msk_iam(self) -> bool:
        """Whether the login is by a role of AWS."""
        return self.kafka_sasl_mechanism == "AWS_MSK_IAM"

    @property
    def _uses_sasl(self) -> bool:
        return self.kafka_security_protocol.startswith("sasl")

    @property
    def _uses_tls(self) -> bool:
        return self.kafka_security_protocol.endswith("ssl")

    def topic(self, name: str) -> str:
        """The name in Kafka of one of our topics."""
        return self.kafka_topic_prefix + name

    def client_options(self) -> dict[str, Any]:
        """The options of confluent-kafka, which is librdkafka: the connection and the login."""
        options: dict[str, Any] = {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": self.kafka_security_protocol,
            "client.id": "refi",
            "log_level": 2,  # errors are raised, and need no lines on stderr
        }
        if self._uses_sasl and self.uses_msk_iam:
            options |= {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": msk_token}
        elif self._uses_sasl:
            options |= {
                "sasl.mechanism": self.kafka_sasl_mechanism,
                "sasl.username": self.kafka_username,
                "sasl.password": self.kafka_password.get_secret_value(),
            }
        files = {"ca": self.kafka_ca_file, "certificate": self.kafka_cert_file, "key": self.kafka_key_file}
        return options | {f"ssl.{name}.location": str(path) for name, path in files.items() if path}

    def spark_options(self) -> dict[str, str]:
        """The same for Spark's Kafka source: options of the Java client, each with the prefix `kafka.`."""
        options = {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": self.kafka_security_protocol.upper(),
        }
        if self._uses_sasl and self.uses_msk_iam:
            options |= {
                "sasl.mechanism": "AWS_MSK_IAM",
                "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
                "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
            }
        elif self._uses_sasl:
            name, password = map(_jaas_text, (self.kafka_username, self.kafka_password.get_secret_value()))
            options |= {
                "sasl.mechanism": self.kafka_sasl_mechanism,
                "sasl.jaas.config": f"{_LOGIN_MODULES[self.kafka_sasl_mechanism]} required "
                f"username={name} password={password};",
            }
        if self.kafka_ca_file:
            options |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(self.kafka_ca_file)}
        if self.kafka_cert_file and self.kafka_key_file:
            options |= {
                "ssl.keystore.type": "PEM",
                "ssl.keystore.certificate.chain": self.kafka_cert_file.read_text("ascii"),
                "ssl.keystore.key": self.kafka_key_file.read_text("ascii"),
            }
        return {f"kafka.{name}": value for name, value in options.items()}


class StreamSettings(RoomSettings):
    """The query, its limits, and where it keeps what it needs."""

    stream_query: str = Field(
        default="live_default",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        examples=["live_default"],
        description="The query's name: its transactional id, and the key of its markers.",
    )
    stream_dir: Path = Field(
        default=STATE_DIR / "stream", description="The folder of the query's lock and of our own broker's data."
    )
    stream_checkpoint: str = Field(
        default="", description="The query's checkpoint: a folder, or s3://…; default: checkpoint/ in REFI_STREAM_DIR."
    )
    stream_jars: Path = Field(default=_CACHE / "jars", description="The folder of the jars of Kafka and Spark.")
    stream_memory: str = Field(
        default="3g", pattern=r"^[1-9]\d*[kmgt]$", examples=["3g"], description="Memory of the query's Java process."
    )
    stream_state_partitions: int = Field(
        default=2, ge=1, le=1000, description="Parts of the state, which a checkpoint keeps for its life."
    )
    stream_events_a_batch: int = Field(
        default=100_000, ge=100, le=10_000_000, description="The most events of a batch, over all partitions."
    )
    stream_trigger_seconds: float = Field(
        default=0, ge=0, le=3600, description="Seconds from the start of a batch to that of the next; 0: at once."
    )
    stream_rows_a_transaction: int = Field(
        default=100_000, ge=1, le=1_000_000, description="The most scores of a transaction; a larger batch has several."
    )
    stream_broker_wait_seconds: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="Seconds for which the sink waits for a broker before the query restarts.",
    )
    stream_port: int = Field(
        default=9109, ge=0, le=65535, description="The port of /metrics and /healthz, on loopback."
    )
    stream_topic_partitions: int = Field(
        default=2, ge=1, le=1000, description="Partitions of each topic that we make, other than markers."
    )
    stream_topic_replicas: int = Field(default=1, ge=1, le=9, description="Copies of each topic that we make.")
    stream_retention_days: float = Field(
        default=30, ge=8, le=3650, description="Days for which the topics that we make keep messages."
    )

    @field_validator("stream_checkpoint")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        if "://" in value and not is_s3(value):
            raise ValueError(f"{value!r} is neither a folder nor an S3 location (s3://bucket/prefix)")
        return value.rstrip("/")

    @property
    def checkpoint(self) -> str:
        """The folder or s3:// location of the query's checkpoint."""
        return self.stream_checkpoint or str(self.stream_dir / "checkpoint" / self.stream_query)


def _jaas_text(text: str) -> str:
    """A quoted value in Java's login configuration."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
