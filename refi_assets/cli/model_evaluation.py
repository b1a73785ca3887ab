"""refi model evaluate: progress on the standard error, and the result as text or JSON."""

import json
from pathlib import Path
from tempfile import TemporaryFile

from refi_assets.cli.terminal import Terminal, one_line, say
from refi_assets.errors import ModelError, needs_packages, writing
from refi_assets.ml.settings import ML_PACKAGES

MEASURES = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "brier": "Brier",
    "ks": "KS",
    "gini": "Gini",
    "calibration_slope": "calibration slope",
}


def evaluate_and_print(
    file: Path,
    *,
    label: str,
    positive: str | None,
    time: str | None,
    id_column: str | None,
    drop: list[str],
    product: str | None,
    keep_protected: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Evaluate, write and print. Raises RefiError."""
    with needs_packages("refi model", ML_PACKAGES, "ml", "make ml"):
        from refi_assets.ml.evaluation import Question, evaluate_file
        from refi_assets.ml.policy import load_ml_policy
    if out is not None and out.resolve() == file.resolve():
        raise ModelError(f"{out} is the file to be read. Write to another.")
    if out is not None:
        with writing(out):  # before minutes of training
            TemporaryFile(dir=out.parent).close()
    console = Terminal(stderr=True)
    question = Question(label, positive, time, id_column, tuple(drop), product, keep_protected)
    evaluation = evaluate_file(
        file, question, load_ml_policy(), lambda message: console.say(f"  {one_line(message)}", style="dim")
    )
    if out is not None:
        evaluation.write(out)
    if as_json:
        print(json.dumps(evaluation.as_json()))
        return
    rows = [
        [
            kind.replace("_", " "),
            *(f"{figures[name]:.3f}" for name in MEASURES),
            "{:.3f} to {:.3f}".format(*figures["interval"]),
        ]
        for kind, figures in evaluation.models.items()
    ]
    Terminal().table(["model", *MEASURES.values(), "95 % interval of ROC-AUC"], rows)
    rows_of_test, all_rows = evaluation.test_rows, evaluation.rows
    say(f"Measured on {rows_of_test:,} rows set aside, {evaluation.split}; learned from {all_rows - rows_of_test:,}.")
    say(one_line(f"Positive is {evaluation.positive}: {evaluation.positive_rows:,} of {all_rows:,} rows."))
    for name, reason in evaluation.refused.items():
        say(one_line(f"Refused {name}: {reason}."))
    for warning in evaluation.warnings:
        console.warn(one_line(f"Warning: {warning}."))
    if out is not None:
        say(f"{out}")
