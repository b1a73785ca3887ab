"""refi model train and explain: a declared model, and the score of one customer with its reasons."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refi_assets.cli.terminal import Terminal, one_line, say
from refi_assets.cli.unpublished import find_run
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.errors import ModelError, needs_packages, writing
from refi_assets.lake import open_lake
from refi_assets.ml.settings import ML_PACKAGES
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.specs.programs import programs_of

if TYPE_CHECKING:
    from refi_assets.ml.declared_models import DeclaredModel
    from refi_assets.ml.fitted import Reason

FEATURES = "ml"  # the domain that publishes the features of customers


def train_and_print(
    name: str,
    lake: str,
    run_id: str | None,
    policy: Path | None,
    *,
    as_of: date | None,
    promote: bool,
    who: str,
    flips: Path | None,
    as_json: bool,
) -> None:
    """Train a declared model on the relations of a run, and print the gate's verdict. Raises RefiError.

    They are those of the latest published features, or, in a domain that does not publish what its models learn from,
    of a run that makes it now as of a day (None: today); with `run_id`, those of that run.
    """
    with needs_packages("refi model", ML_PACKAGES, "ml", "make ml"):
        from refi_assets.ml.declared_models import declared_model
        from refi_assets.ml.learning_rows import all_rows
        from refi_assets.ml.model_training import train_declared
        from refi_assets.ml.policy import load_ml_policy
        from refi_assets.ml.promotions import promote_version
        from refi_assets.ml.registry import open_registry
    console = Terminal(stderr=True)
    declared, registry = declared_model(name), open_registry()
    run = _run_to_learn_from(declared, lake, run_id, as_of, console)
    with run.engine.session(run.relations) as session:
        rows = all_rows(session, declared)
    version = train_declared(
        name,
        declared,
        rows,
        load_ml_policy(policy),
        registry,
        lambda text: console.say(f"  {one_line(text)}", style="dim"),
    )
    if flips is not None:
        with writing(flips):
            flips.write_text(version.flips_csv, encoding="utf-8")
    promotion = None
    if promote and version.verdict.passed:
        promotion = promote_version(registry, name, version.version, who=who, forced_because=None)
    if as_json:
        print(json.dumps(version.as_json() | {"promoted": promotion is not None}))
        return
    heads = ("kind", "ROC-AUC", "PR-AUC", "KS", "Brier", "calibration slope")
    shown = ("roc_auc", "pr_auc", "ks", "brier", "calibration_slope")
    Terminal().table(
        heads,
        [[kind, *(f"{figures[measure]:.3f}" for measure in shown)] for kind, figures in version.figures.items()],
    )
    say(f"{name}, version {version.version}: a {version.kind}, trained on {version.rows:,} rows of run {run.run_id}.")
    for reason in version.judgment:
        say(f"Gate: {reason}")
    for warning in version.warnings:
        console.warn(one_line(f"Warning: {warning}."))
    if promotion is not None:
        say(f"It is the champion. Its card: refi model card {name}")
    elif version.verdict.passed:
        say(f"To make it the champion: refi model promote {name} {version.version}")
    else:
        say("It stays a challenger: the gate refuses it.")


def explain_and_print(
    customer_id: str, name: str | None, version: int | None, lake: str, run_id: str | None, *, as_json: bool
) -> None:
    """Print the score of a customer of a published run by the champion or a version, with reasons. Raises RefiError."""
    with needs_packages("refi model", ML_PACKAGES, "ml", "make ml"):
        from refi_assets.ml.declared_models import declared_model, declared_models
        from refi_assets.ml.registry import CHAMPION, open_registry
        from refi_assets.ml.scoring import customer_features, score_customer
    names = [name] if name else [name for name, declared in declared_models().items() if declared.customers]
    if len(names) != 1:
        raise ModelError(f"Name one model with --model: {', '.join(names) or 'none is declared'}.")
    declared = declared_model(names[0])
    registered = open_registry().load(names[0], version or CHAMPION)
    run = _published(lake, run_id)
    with run.engine.session(run.relations) as session:
        values = customer_features(session, declared, registered.model, customer_id)
    score = score_customer(registered.model, declared, values)
    fields: dict[str, Any] = {
        "customer_id": customer_id,
        "as_of": run.as_of.isoformat(),
        "model": registered.name,
        "version": registered.version,
        **score.model_dump(),
        "features": values,
    }
    if as_json:
        print(json.dumps(fields))
        return
    points = "" if score.points is None else f", {score.points} points"
    say(f"{registered.name}, version {registered.version}: {score.probability:.4f}{points}, as of {run.as_of}.")
    heads = ("reason", "feature", "value", "points lost" if score.points is not None else "contribution")
    Terminal().table(
        heads,
        [
            (_words(reason), reason.feature, reason.value or "unknown", f"{reason.contribution:g}")
            for reason in score.reasons
        ],
        title="Principal reasons",
    )


def _run_to_learn_from(
    declared: "DeclaredModel", lake: str, run_id: str | None, as_of: date | None, console: Terminal
) -> PublishedRun:
    """The run with the relation that a model learns from. Raises RefiError."""
    domain = declared.domain
    is_published = not programs_of(domain)  # a domain with programs publishes their offers
    if as_of is not None and (is_published or run_id is not None):
        raise ModelError("--as-of has no effect here: the run decides the day. Leave it out, or choose another --run.")
    if is_published:
        return _published(lake, run_id, domain)
    if run_id is None:
        from refi_assets.cli.run import run_domain
        from refi_assets.orchestration.models import history_job_of
        from refi_assets.orchestration.partitions import now

        day, job_name = as_of or now().date(), history_job_of(domain)
        run_id = run_domain(domain, day, lake_url=lake, console=console, job_name=job_name).run_id
    store = open_lake(lake, create=False)
    return find_run(PublishedRun, Publication(domain), store, open_duckdb(store), run_id)


def _words(reason: "Reason") -> str:
    """The words of a notice, or else the meaning of the feature."""
    from refi_assets.ml.feature_session import declared_features

    defined = declared_features().get(reason.feature)
    return reason.text or (defined.description if defined else "")


def _published(lake: str, run_id: str | None, domain: str = FEATURES) -> PublishedRun:
    store = open_lake(lake, create=False)
    return PublishedRun.find(Publication(domain), store, open_duckdb(store), run_id)
