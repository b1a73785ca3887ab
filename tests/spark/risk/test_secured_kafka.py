"""The settings of Kafka's security against a broker that demands it, of both clients."""

import json
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from refi_assets.engines.spark_session import java_for_spark
from refi_assets.risk.stream.jars import jar_files
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.risk.stream.settings import KafkaSettings
from refi_assets.risk.topics import LOAN_EVENTS
from refi_assets.settings import forget_settings, settings_of
from tests.fakes.servers import free_port

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.long

PASSWORD = 'a "quoted" \\ word'
JAVA_PASSWORD = PASSWORD.replace("\\", "\\\\").replace('"', '\\"').replace("\\", "\\\\")  # in a properties file
PROPERTIES = r"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=SASL_SSL://127.0.0.1:{login},SSL://127.0.0.1:{certificate},INSIDE://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_SSL://127.0.0.1:{login},SSL://127.0.0.1:{certificate},INSIDE://127.0.0.1:{inside}
listener.security.protocol.map=SASL_SSL:SASL_SSL,SSL:SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INSIDE
controller.listener.names=CONTROLLER
log.dirs={folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
ssl.keystore.type=PEM
ssl.keystore.location={folder}/server-both.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
    user_refi="{password}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config= \
    org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="server";
"""


@dataclass(frozen=True)
class SecuredKafka:
    folder: Path
    login_port: int
    certificate_port: int


def write_certificate(folder: Path, name: str, issuer: tuple[x509.Name, rsa.RSAPrivateKey] | None) -> rsa.RSAPrivateKey:
    """NAME.pem and NAME.key, signed by the issuer, or by itself."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_name, signing_key = issuer or (subject, key)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer_name, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(address, critical=False).sign(signing_key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    folder = tmp_path_factory.mktemp("secured")
    ca_key = write_certificate(folder, "ca", None)
    issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]), ca_key)
    for name in ("server", "client"):
        write_certificate(folder, name, issuer)
    both = (folder / "server.key").read_text() + (folder / "server.pem").read_text()
    (folder / "server-both.pem").write_text(both)
    ports = {name: free_port() for name in ("login", "certificate", "inside", "controller")}
    properties = folder / "server.properties"
    properties.write_text(PROPERTIES.format(folder=folder, password=JAVA_PASSWORD, **ports))
    java = [str(java_for_spark() / "bin" / "java"), "-cp", ":".join(map(str, jar_files("kafka")))]
    scram = f'SCRAM-SHA-512=[name="refi",password="{PASSWORD}"]'
    format_folder = ["kafka.tools.StorageTool", "format", "-t", "cmVmaS1hc3NldHMtMDAwMQ", "--add-scram", scram]
    subprocess.run([*java, *format_folder, "-c", str(properties)], check=True)
    process = subprocess.Popen([*java, "kafka.Kafka", str(properties)])
    inside = AdminClient({"bootstrap.servers": f"127.0.0.1:{ports['inside']}", "log_level": 0})
    while True:
        try:
            inside.list_topics(timeout=1)
            break
        except KafkaException:
            assert process.poll() is None
            time.sleep(0.1)
    yield SecuredKafka(folder, ports["login"], ports["certificate"])
    process.terminate()
    process.wait()


def set_kafka(patch: pytest.MonkeyPatch, port: int, values: dict[str, object]) -> KafkaSettings:
    patch.setenv("REFI_KAFKA_BOOTSTRAP", f"127.0.0.1:{port}")
    for name, value in values.items():
        patch.setenv(f"REFI_KAFKA_{name}", str(value))
    forget_settings()
    return settings_of(KafkaSettings)


@pytest.mark.parametrize("way", ["PLAIN", "SCRAM-SHA-512", "certificate"])
def test_both_clients_write_and_read_a_secured_topic(
    secured: SecuredKafka, spark: "SparkSession", monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    files: dict[str, object] = {"CA_FILE": secured.folder / "ca.pem", "TOPIC_PREFIX": f"{way}."}
    if way == "certificate":
        own = {"CERT_FILE": secured.folder / "client.pem", "KEY_FILE": secured.folder / "client.key"}
        kafka = set_kafka(monkeypatch, secured.certificate_port, {**files, **own, "SECURITY_PROTOCOL": "ssl"})
    else:
        login = {"SECURITY_PROTOCOL": "sasl_ssl", "SASL_MECHANISM": way, "USERNAME": "refi", "PASSWORD": PASSWORD}
        kafka = set_kafka(monkeypatch, secured.login_port, {**files, **login})
    topic = kafka.topic(LOAN_EVENTS)
    assert topic in create_topics()
    producer = Producer(kafka.client_options())
    producer.produce(topic, b"hello", b"B1")
    assert producer.flush(30) == 0
    messages = spark.read.format("kafka").options(**kafka.spark_options()).option("subscribe", topic).load()
    assert [bytes(row.value) for row in messages.select("value").collect()] == [b"hello"]
    forget_settings()


def unsigned_token(_config: str) -> tuple[str, float]:
    """A token that this broker takes, in place of one that only MSK can check."""
    now = time.time()
    parts = ({"alg": "none"}, {"sub": "refi", "iat": now, "exp": now + 900})
    texts = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return f"{'.'.join(texts)}.", now + 900


def test_each_kind_of_client_asks_for_a_token_as_at_msk(secured: SecuredKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"SECURITY_PROTOCOL": "sasl_ssl", "SASL_MECHANISM": "AWS_MSK_IAM", "CA_FILE": secured.folder / "ca.pem"}
    options = set_kafka(monkeypatch, secured.login_port, {**login, "TOPIC_PREFIX": "msk."}).client_options()
    options["oauth_cb"] = unsigned_token
    assert AdminClient(options).list_topics(timeout=30).brokers
    with closing(Consumer({**options, "group.id": "test"})) as consumer:
        assert consumer.list_topics(timeout=30).brokers
    producer = Producer({**options, "transactional.id": "test"})
    producer.init_transactions(30)
    forget_settings()


def test_a_wrong_password_and_an_unknown_authority_are_refused(
    secured: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = {"SECURITY_PROTOCOL": "sasl_ssl", "SASL_MECHANISM": "PLAIN", "USERNAME": "refi"}
    wrong = set_kafka(
        monkeypatch, secured.login_port, {**login, "PASSWORD": "guess", "CA_FILE": secured.folder / "ca.pem"}
    )
    stranger = wrong.model_copy(update={"kafka_ca_file": secured.folder / "client.pem"})
    for kafka in (wrong, stranger):
        with pytest.raises(KafkaException):
            AdminClient(kafka.client_options()).list_topics(timeout=5)
    forget_settings()
