"""Commands of the domain risk, beside those that every domain has."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refi_assets.cli.commands.domains import ingest_and_run
from refi_assets.cli.commands.options import (
    ERR,
    Accept,
    AnyRun,
    AsOf,
    ForceLatest,
    IgnoreOthers,
    Lake,
    NewFiles,
    OneObject,
    OtherPolicy,
    Reason,
    Replace,
    Verify,
    lake_url,
    written_day,
)
from refi_assets.cli.terminal import Terminal, say

if TYPE_CHECKING:
    from refi_assets.sample.risk_stream import StreamMessage

app = typer.Typer()
Rate = Annotated[float, typer.Option(min=0, help="Messages a second to Kafka; 0 is as many as possible.")]
KeepTimes = Annotated[
    bool, typer.Option("--replay", help="Kafka's timestamps are those of the files, if the topics allow it.")
]


@app.command()
def run(
    *,
    source: NewFiles = None,
    lake: Lake = None,
    as_of: AsOf = None,
    with_late: Annotated[
        bool,
        typer.Option("--with-late", help="Also count events that are too late, for this run only, as another policy."),
    ] = False,
    policy: OtherPolicy = None,
    replace: Replace = False,
    ignore_others: IgnoreOthers = False,
    force_latest: ForceLatest = False,
    accept: Accept = None,
    reason: Reason = None,
    verify: Verify = False,
    as_json: OneObject = False,
) -> None:
    """Score all borrowers for one day, from files and from what the stream has kept."""
    from refi_assets.risk.policy import policy_with_late

    with policy_with_late(policy) if with_late else nullcontext(policy) as in_force:
        ingest_and_run(
            "risk",
            source=source,
            lake=lake,
            as_of=as_of,
            policy=in_force,
            replace=replace,
            ignore_others=ignore_others,
            force_latest=force_latest,
            accept=accept,
            reason=reason,
            verify=verify,
            as_json=as_json,
        )


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
    """Compare the contracts of topics with the released ones, and make the topics in the Kafka of the settings."""
    from refi_assets.risk.stream.kafka_topics import create_topics, other_options
    from refi_assets.risk.stream.settings import KafkaSettings
    from refi_assets.risk.topic_changes import check_topic_changes
    from refi_assets.settings import settings_of

    check_topic_changes()
    new = create_topics()
    address = settings_of(KafkaSettings).kafka_bootstrap
    say(f"Made at {address}: {', '.join(new)}" if new else f"All topics exist at {address}.")
    for difference in other_options():
        say(f"Note: {difference}")


@app.command("dead-letters")
def dead_letters(
    newest: Annotated[int, typer.Option(min=0, help="The number of newest ones to list.")] = 10,
) -> None:
    """Count the messages that break their contract, by reason, and list the newest ones' places."""
    from refi_assets.risk.stream.dead_letter_counts import count_dead_letters
    from refi_assets.risk.validation import DEAD_LETTER_REASONS

    counts, terminal = count_dead_letters(newest), Terminal()
    if not counts.by_reason:
        say("There are no dead letters.")
        return
    rows = [
        (topic, reason, count, DEAD_LETTER_REASONS.get(reason, ""))
        for (topic, reason), count in counts.by_reason.items()
    ]
    terminal.table(("topic", "reason", "letters", "meaning"), rows)
    columns = ("received_at", "topic", "partition", "offset", "reason", "field")
    terminal.table(columns, [[letter[name] for name in columns] for letter in counts.newest], title="The newest")


@app.command()
def generate(
    out_dir: Annotated[Path | None, typer.Argument(file_okay=False, help="Folder for the files.")] = None,
    *,
    borrowers: Annotated[int, typer.Option(min=1, help="Number of borrowers.")] = 5000,
    days: Annotated[int, typer.Option(min=0, help="Days of the stream, after the history.")] = 30,
    months: Annotated[int, typer.Option(min=1, help="Months of history; outcomes need 13.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 1,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The day on which the history ends. Default: the stream ends yesterday."),
    ] = None,
    kafka: Annotated[bool, typer.Option("--kafka", help="Send the stream to Kafka, as if it happened now.")] = False,
    rate: Rate = 0,
    replay: KeepTimes = False,
) -> None:
    """Write the files of a made-up portfolio with its history and a stream, and truth.json; or send the stream."""
    from datetime import timedelta

    from refi_assets.sample.risk import generated_risk
    from refi_assets.settings import lender_now

    if not (out_dir or kafka):
        raise typer.BadParameter("is missing: name a folder, or send the stream with --kafka", param_hint="OUT_DIR")
    if (rate or replay) and not kafka:
        raise typer.BadParameter("needs --kafka", param_hint="--rate" if rate else "--replay")
    day = written_day(as_of, "--as-of") if as_of else lender_now().date() - timedelta(days=days + 1)
    is_live = kafka and not replay
    with generated_risk(
        borrowers, seed, out_dir, as_of=day, days=days, months=months, live_rate=rate if is_live else None
    ) as (truth, stream):
        count = sum(topic["messages"] for topic in truth["stream"].values())
        say(
            f"{borrowers} borrowers up to {day}, {count} messages in the {days} days after it, seed {seed}: "
            f"{out_dir or 'Kafka'}"
        )
        if kafka:
            _send(stream.messages(), rate, replay=replay)


@app.command()
def send(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A folder that `generate` wrote.")],
    *,
    rate: Rate = 0,
    replay: KeepTimes = False,
) -> None:
    """Send the messages of generated files to Kafka."""
    from refi_assets.sample.risk_stream import stored_messages

    _send(stored_messages(folder / "messages"), rate, replay=replay)


@app.command()
def report(
    out: Annotated[Path, typer.Option(dir_okay=False, help="The HTML file to write.")] = Path("risk.html"),
    *,
    csv: Annotated[
        Path | None, typer.Option(file_okay=False, help="Also write each table as a CSV file into this folder.")
    ] = None,
    lake: Lake = None,
    run_id: AnyRun = None,
) -> None:
    """Write the report on default risk: one HTML file without anybody's data. LGD and EAD are the policy's."""
    from refi_assets.cli import answers
    from refi_assets.errors import writing
    from refi_assets.risk.policy import load_risk_policy
    from refi_assets.risk.report import risk_report
    from refi_assets.risk.report_rows import risk_rows, risk_title
    from refi_assets.risk.report_tables import risk_tables, write_tables

    run = answers.open_any_run("risk", lake_url(lake), run_id)
    with run.engine.session(run.relations) as session:
        tables = risk_tables(risk_rows(session), load_risk_policy().losses)
    with writing(out):
        out.write_text(risk_report(tables, risk_title(run.as_of)), encoding="utf-8")
    say(f"The report on run {run.run_id}, as of {run.as_of}: {out}")
    if csv:
        write_tables(tables, csv)
        say(f"Its tables: {csv}")


def _send(messages: "Iterator[StreamMessage]", rate: float, *, replay: bool) -> None:
    from refi_assets.risk.stream.sending import send_messages

    sending = send_messages(messages, rate=rate, keeps_times=replay)
    pace = f"{sending.messages / max(sending.seconds, 1e-9):,.0f} a second"
    late = f", at most {sending.most_seconds_behind:.2f} s behind" if rate else ""
    say(f"Sent {sending.messages} messages in {sending.seconds:.1f} s, {pace}{late}.")


@app.command()
def stream(
    *,
    until_caught_up: Annotated[
        bool, typer.Option("--until-caught-up", help="End after the messages that Kafka has now.")
    ] = False,
) -> None:
    """Run the query, from Kafka's events to scores, until Ctrl+C; the running batch is finished."""
    from refi_assets.cli.stream_log import say_batch
    from refi_assets.risk.stream.supervisor import Supervisor

    Supervisor(ERR.say, say_batch).run(until_caught_up=until_caught_up)


@app.command()
def rebuild() -> None:
    """Replace a checkpoint that is lost or does not fit. The stream goes on where its scores end."""
    from refi_assets.risk.stream.rebuild import rebuild_checkpoint
    from refi_assets.risk.stream.settings import StreamSettings
    from refi_assets.settings import settings_of

    result = rebuild_checkpoint()
    say(f"Checkpoint {result.checkpoint.checkpoint_id} in {settings_of(StreamSettings).checkpoint}. Start the stream.")
    if result.sent_scores:
        say(f"Sent {result.sent_scores} scores that the lake had and Kafka had not.")
    for (topic, number), messages in result.lost_messages.items():
        ERR.say(
            f"Warning: Kafka has deleted {messages} messages of {topic}, partition {number}, before they were read."
        )


@app.command()
def explain(
    borrower_id: str,
    *,
    last: Annotated[int, typer.Option(min=1, help="Number of entries to show.")] = 40,
    lake: Lake = None,
    as_json: OneObject = False,
) -> None:
    """Show the timeline of a borrower, a person's data: events, features, scores, reasons, rules, decisions."""
    from refi_assets.cli.timeline_answers import show_timeline

    show_timeline(lake_url(lake), borrower_id, last, as_json=as_json)


@app.command()
def alerts(lake: Lake = None) -> None:
    """Send the alerts that wait: of the stream, and of the last run, each once a borrower, rule and day."""
    from refi_assets.engines.duckdb import open_duckdb
    from refi_assets.lake import open_lake
    from refi_assets.risk.alerting import send_alerts_now
    from refi_assets.risk.live_store import open_alert_outbox
    from refi_assets.risk.timeline import latest_risk_run

    url = lake_url(lake)
    run = latest_risk_run(open_duckdb(open_lake(url, create=False)))
    result = send_alerts_now(open_alert_outbox(url), run)
    for problem in result.problems:
        ERR.warn(problem)
    say(f"Digests sent: {result.sent}.")
    if result.problems:
        raise typer.Exit(1)
