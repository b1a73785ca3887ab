"""The commands. They parse, call, and print; the work is elsewhere.

Imports of dagster, DuckDB and pandas wait until a command needs them, so that `refi --help` answers at once.
"""

import json
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from refi_assets.cli.terminal import Terminal, one_line, say
from refi_assets.errors import RefiError, SettingError
from refi_assets.settings import IdentityEngine, a_lake, settings

app = typer.Typer(
    help="Which borrowers should hear about which loan today, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_err = Terminal(stderr=True)

Folder = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder with the source files.")]
AsOf = Annotated[str | None, typer.Option(metavar="DATE", help="The day, YYYY-MM-DD. Default: today.")]
Lake = Annotated[
    str | None, typer.Option(metavar="URL", help="The lake: a folder or s3://bucket/prefix. Default: REFI_LAKE_URL.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Put the files in the place of others of the same load date.")]


@app.command()
def run(
    *,
    source: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder with source files to put in first.")
    ] = None,
    lake: Lake = None,
    as_of: AsOf = None,
    policy: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Another policy, for this run only.")
    ] = None,
    replace: Replace = False,
    identity: Annotated[
        IdentityEngine | None, typer.Option(help="How records of one person are found. Default: REFI_IDENTITY_ENGINE.")
    ] = None,
    force_latest: Annotated[
        bool,
        typer.Option("--force-latest", help="Move latest.json even to an earlier day or for another policy."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Materialise the graph of one day and publish its audience."""
    started = time.perf_counter()
    day = _day(as_of)
    if source is not None:
        _ingest(source, lake, day, replace)
    from refi_assets.cli.run import run_graph
    from refi_assets.orchestration.resources import IdentityResource

    result = run_graph(
        day,
        lake_url=_lake_url(lake),
        policy_file=policy,
        force_latest=force_latest,
        console=_err,
        identity=IdentityResource(kind=identity or settings().identity_engine),
    )
    seconds = round(time.perf_counter() - started, 2)
    if as_json:
        print(json.dumps(result.as_json(seconds)))
    else:
        result.print(Terminal(), seconds)


@app.command()
def ingest(source: Folder, lake: Lake = None, as_of: AsOf = None, replace: Replace = False) -> None:
    """Put source files into the raw zone, without running anything."""
    day = _day(as_of)
    keys = _ingest(source, lake, day, replace)
    say("\n".join(map(one_line, keys)) if keys else f"Nothing to do: the raw zone has these files for {day} already.")


@app.command()
def generate(
    out_dir: Annotated[Path, typer.Argument(file_okay=False, help="Where the files go.")],
    rows: Annotated[int, typer.Option(min=1, help="Number of borrowers.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    duplicates: Annotated[
        int,
        typer.Option(
            metavar="PCT",
            min=0,
            max=100,
            help="So many percent of the borrowers are second or third records of a person, changed as happens (typos, "
            "nicknames, moved, …); persons.csv says who is who.",
        ),
    ] = 0,
) -> None:
    """Write realistic source files with a set share of every defect, and truth.json, how many of each."""
    from refi_assets.sample.generate import generate as write

    write(rows, seed, out_dir, duplicates=duplicates)
    say(f"{rows} borrowers, seed {seed}: {out_dir}")


@app.command("clean-up")
def clean_up(
    older_than_days: Annotated[
        float | None, typer.Option(min=0, help="Default: REFI_KEEP_UNPUBLISHED_DAYS. 0 only while no run is under way.")
    ] = None,
    lake: Lake = None,
) -> None:
    """Delete what need not stay: old relations, and what runs that published nothing left. `refi run` does it, too."""
    from refi_assets.lake import open_lake
    from refi_assets.publishing.retention import clean_up as clean_up_lake

    days = settings().keep_unpublished_days if older_than_days is None else older_than_days
    removed = clean_up_lake(open_lake(_lake_url(lake), create=False), settings().keep_runs, timedelta(days=days))
    say(f"{removed} objects deleted.")


Run = Annotated[str | None, typer.Option(metavar="RUN_ID", help="A published run. Default: the latest.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


@app.command()
def explain(borrower_id: str, lake: Lake = None, run_id: Run = None, as_json: AsJson = False) -> None:
    """Why a borrower is in the audience or not, by rule, and what would make them eligible."""
    from refi_assets.cli import answers

    answers.show_explanation(answers.open_run(_lake_url(lake), run_id), borrower_id, as_json=as_json)


@app.command("explain-match")
def explain_match(
    borrower_id_1: Annotated[str, typer.Argument(metavar="ID1", help="A borrower.")],
    borrower_id_2: Annotated[str, typer.Argument(metavar="ID2", help="Another.")],
    lake: Lake = None,
    run_id: Run = None,
    as_json: AsJson = False,
) -> None:
    """Why two borrowers are one person or not, weight by weight. Shows borrowers' data."""
    from refi_assets.cli import answers, identity

    identity.show_match(answers.open_run(_lake_url(lake), run_id), borrower_id_1, borrower_id_2, as_json=as_json)


@app.command()
def review(
    who: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides. Default: the login name.")] = None,
    lake: Lake = None,
) -> None:
    """Decide, pair by pair, who is one person, where the match is not sure. Shows borrowers' data."""
    from refi_assets.cli import answers, identity

    identity.review(answers.open_run(_lake_url(lake)), who)


@app.command()
def quarantine(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many rows to show.")] = 20,
    lake: Lake = None,
    run_id: Run = None,
    as_json: AsJson = False,
) -> None:
    """Which rows were not accepted, and why. Shows borrowers' data."""
    from refi_assets.cli import answers

    answers.show_quarantine(answers.open_run(_lake_url(lake), run_id), source, reason, limit, as_json=as_json)


@app.command()
def runs(lake: Lake = None, as_json: AsJson = False) -> None:
    """The published audiences, with counts."""
    from refi_assets.cli import answers

    answers.show_runs(_lake_url(lake), as_json=as_json)


@app.command()
def log(run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="Any run, published or failed.")]) -> None:
    """What happened in a run, errors with their tracebacks. May show borrowers' data."""
    from refi_assets.cli.log import show_log

    show_log(run_id)


@app.command()
def replay(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="A published run; see `refi runs`.")],
    any_code: Annotated[bool, typer.Option("--any-code", help="Even if other code made it.")] = False,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Keep the audience that was made again.")] = None,
    lake: Lake = None,
    as_json: AsJson = False,
) -> None:
    """Make a published audience again from its recorded inputs and policy, and compare the bytes."""
    from refi_assets.cli import answers
    from refi_assets.cli import replay as replaying

    run = answers.open_run(_lake_url(lake), run_id)
    made = replaying.replay(run, any_code=any_code, out=out, console=_err)
    made.show(as_json=as_json)
    if not made.is_same:
        raise typer.Exit(1)


@app.command()
def diff(
    run_a: Annotated[str | None, typer.Argument(help="The earlier run. Default: of the newest day before.")] = None,
    run_b: Annotated[str | None, typer.Argument(help="The later run. Default: the latest.")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV of everyone who moved.")] = None,
    lake: Lake = None,
    as_json: AsJson = False,
) -> None:
    """Who entered or left the audience since the day before, who changed tier, and what moved them."""
    from refi_assets.cli import answers

    answers.show_diff(_lake_url(lake), run_a, run_b, out, as_json=as_json)


@app.command("diff-policy")
def diff_policy(
    policy: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The other policy.")],
    ids: Annotated[int, typer.Option(min=0, help="How many borrower ids to show of each group.")] = 10,
    lake: Lake = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The audience of this day, YYYY-MM-DD. Default: the latest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who would gain and who would lose under another policy. Publishes nothing."""
    from refi_assets.cli import answers
    from refi_assets.refi.policy import load_refi_policy

    other = load_refi_policy(policy)
    run = answers.open_run(_lake_url(lake), as_of=None if as_of is None else _day(as_of))
    answers.show_policy_diff(run, other, ids, as_json=as_json)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(metavar="SELECT")],
    lake: Lake = None,
    run_id: Run = None,
    as_json: AsJson = False,
) -> None:
    """Read-only SQL on the relations of a published run."""
    from refi_assets.cli import answers

    answers.show_query(answers.open_run(_lake_url(lake), run_id), sql, as_json=as_json)


@app.command()
def lineage(
    column: Annotated[
        str | None, typer.Argument(help="A column of the audience file, or RELATION.COLUMN.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a page of all columns instead.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, sources nested.")] = False,
) -> None:
    """What a column is made of, step by step back to the source files, with the SQL of each step."""
    if html is not None and as_json:
        raise typer.BadParameter("it cannot go with --json; the page is HTML", param_hint="--html")
    if html is None and column is None:
        raise typer.BadParameter("name a column, or write the page of all: --html FILE", param_hint="COLUMN")
    from refi_assets.cli import lineage as shown

    if html is not None:
        shown.write_lineage_page(html, column)
    elif column is not None:
        shown.show_lineage(column, as_json=as_json)


@app.command()
def resolve(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="CSV or Parquet.")],
    *,
    columns: Annotated[
        list[str],
        typer.Option("--map", metavar="KIND=COLUMN", help="What a column is; date_of_birth=by+bm+bd joins columns."),
    ],
    id_column: Annotated[str, typer.Option("--id", metavar="COLUMN", help="What tells a file's records apart.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="CSV of id, source, person_id, probability.")],
    truth: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Who is who, for the score and nothing else.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Probability of a link. Default: where precision and recall balance."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Who is who in any files: one person_id for the records of each person, within and across the files."""
    from refi_assets.cli.resolve import resolve_files

    resolve_files(files, columns, id_column, out, truth=truth, threshold=threshold, as_json=as_json, console=_err)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Try what this deployment needs, step by step, and say what is wrong and how to mend it."""
    import logging

    from refi_assets.cli.doctor import examine, show
    from refi_assets.cli.doctor_steps import steps

    logging.disable()  # what a library has to say of a failure is in what the step says
    if not show(examine(steps()), as_json=as_json):
        raise typer.Exit(1)


def _ingest(source: Path, lake: str | None, day: date, replace: bool) -> list[str]:
    from refi_assets.ingestion.raw_zone import ingest_folder
    from refi_assets.lake import open_lake
    from refi_assets.specs.contracts import load_contracts

    return ingest_folder(open_lake(_lake_url(lake)), source, day, load_contracts(), replace=replace)


def _lake_url(lake: str | None) -> str:
    if lake is None:
        return settings().lake_url
    try:
        return a_lake(lake)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--lake") from None


def _day(text: str | None) -> date:
    today = datetime.now(ZoneInfo(settings().time_zone)).date()
    if text is None:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2026-02-20", param_hint="--as-of") from None
    if not date(2000, 1, 1) <= day <= today:
        raise typer.BadParameter(f"{day} is not between 2000-01-01 and today, {today}", param_hint="--as-of")
    return day


def main() -> None:
    """Entry point of the `refi` command. What a user can mend is one message, not a traceback."""
    try:
        app()
    except RefiError as error:
        _tell(error)
        sys.exit(1)


def _tell(error: RefiError) -> None:
    try:
        is_json = settings().log_format == "json"
    except SettingError:
        is_json = False
    if is_json:
        from refi_assets.observability.logs import error_line

        print(error_line(str(error), getattr(error, "run_id", None)), file=sys.stderr)
    else:
        _err.say(f"refi: {error}", style="red")
