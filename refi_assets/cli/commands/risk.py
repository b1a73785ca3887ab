"""Commands of the domain risk, beside those that every domain has."""

from pathlib import Path
from typing import Annotated

import typer

from refi_assets.cli.terminal import say

app = typer.Typer()


@app.command()
def jars() -> None:
    """Download the jars of Kafka, and of Spark for Kafka and S3, by Maven."""
    from refi_assets.risk.stream.jars import JAR_SETS, download_jars, jar_files

    for name in JAR_SETS:
        folder = download_jars(name)
        say(f"{name}: {len(jar_files(name))} jars in {folder}")


@app.command()
def broker(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of 127.0.0.1.")] = 9092,
    folder: Annotated[
        Path | None, typer.Option("--dir", file_okay=False, help="The folder of its data. Default: in REFI_STREAM_DIR.")
    ] = None,
) -> None:
    """Run a Kafka broker on loopback, for development, until Ctrl+C. It starts again on its data."""
    from refi_assets.risk.stream.broker import Broker
    from refi_assets.risk.stream.settings import StreamSettings
    from refi_assets.settings import settings_of

    kafka = Broker(folder or settings_of(StreamSettings).stream_dir / "broker", port)
    try:
        kafka.start()
        say(f"Kafka answers at {kafka.bootstrap}; its data are in {kafka.folder}. Ctrl+C ends it.")
        kafka.wait()
    except KeyboardInterrupt:
        kafka.stop()


@app.command()
def topics() -> None:
    """Make the topics in the Kafka of REFI_KAFKA_BOOTSTRAP, if they do not exist."""
    from refi_assets.risk.stream.kafka_topics import create_topics
    from refi_assets.risk.stream.settings import KafkaSettings
    from refi_assets.settings import settings_of

    new = create_topics()
    address = settings_of(KafkaSettings).kafka_bootstrap
    say(f"Made at {address}: {', '.join(new)}" if new else f"All topics exist at {address}.")
