"""`refi model evaluate`: three models on a file, its figures, its file of predictions, and its faults."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from refi_assets.errors import ModelError
from refi_assets.ml.evaluation import OUT_COLUMNS, Evaluation, Question, evaluate_file
from refi_assets.ml.tables import Column
from refi_assets.ml.training import KINDS
from tests.support.commands import refi_here
from tests.support.small_models import quick_policy, two_normals, write_csv

ROWS = 400
Columns = dict[str, Column]


def evaluate(path: Path, **question: Any) -> Evaluation:
    return evaluate_file(path, Question(**({"label": "bad"} | question)), quick_policy(), lambda _: None)


@pytest.fixture(scope="module")
def columns() -> Columns:
    """Rows of 400 decisions, the oldest first, with all roles that a column may have."""
    table, label = two_normals(ROWS)
    generator = np.random.default_rng(9)
    number = np.arange(ROWS)
    return table | {
        "customer": np.array([f"c{row // 3}" for row in number], dtype=object),
        "month": np.array([f"{2020 + row // 120}-{row // 10 % 12 + 1:02}" for row in number], dtype=object),
        "AgeInYears": generator.integers(18, 80, ROWS).astype(float),
        "default_probability": generator.random(ROWS),
        "charged_off_on": np.array([f"2024-01-{row % 28 + 1:02}" for row in number], dtype=object),
        "recovered": np.where(label, 1.0, np.nan),
        "bad": label.astype(int),
    }


@pytest.fixture(scope="module")
def file(columns: Columns, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("evaluation") / "file.csv", columns)


@pytest.fixture(scope="module")
def by_time(file: Path) -> Evaluation:
    return evaluate(file, time="MONTH", id="customer")


def test_it_names_what_it_used_and_what_it_refused(by_time: Evaluation) -> None:
    assert (by_time.positive, by_time.split, by_time.features) == ("1", "newest", ["signal", "noise", "region"])
    assert by_time.refused == {
        "AgeInYears": "its name stands for a protected basis, age",
        "default_probability": "it is itself a prediction of default, and a model must not learn from one",
        "charged_off_on": "400 of its dates are after the decision",
        "recovered": "it is the label under another name: it tells the labels apart without an error",
    }
    assert by_time.best in KINDS
    assert json.loads(json.dumps(by_time.as_json(), allow_nan=False))["models"].keys() == set(KINDS)


def test_predictions_are_a_row_for_each_row_and_their_auc_is_the_one_said(
    by_time: Evaluation, columns: Columns, tmp_path: Path
) -> None:
    by_time.write(tmp_path / "out.csv")
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert tuple(rows[0]) == OUT_COLUMNS
    assert [int(row["row"]) for row in rows] == list(range(1, ROWS + 1))
    assert [int(row["label"]) for row in rows] == columns["bad"].tolist()
    test = [row for row in rows if row["split"] == "test"]
    for kind in KINDS:
        auc = roc_auc_score([int(row["label"]) for row in test], [float(row[kind]) for row in test])
        assert by_time.models[kind]["roc_auc"] == pytest.approx(auc, abs=1e-6)
        low, high = by_time.models[kind]["interval"]
        assert low < auc < high


def test_the_newest_customers_are_the_test_part(by_time: Evaluation, columns: Columns) -> None:
    is_test = np.array([part == "test" for _, part, *_ in by_time.predictions])
    assert is_test.mean() == pytest.approx(0.3, abs=0.03)
    assert not set(columns["customer"][is_test]) & set(columns["customer"][~is_test])
    assert max(columns["month"][~is_test]) <= min(columns["month"][is_test])


def test_two_evaluations_of_a_file_are_the_same_to_the_byte(file: Path, by_time: Evaluation, tmp_path: Path) -> None:
    by_time.write(tmp_path / "first.csv")
    evaluate(file, time="month", id="Customer").write(tmp_path / "second.csv")
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


Changed = Callable[[Columns], Columns]


def labels(one: str, other: str) -> Changed:
    return lambda columns: columns | {"bad": np.where(columns["bad"], one, other).astype(object)}


@pytest.mark.parametrize(
    ("change", "question", "positive"),
    [
        (labels("1.0", "0.0"), {}, "1.0"),
        (labels("1.0", "0.0"), {"positive": "1"}, "1.0"),
        (labels("True", "False"), {"positive": "true"}, "True"),
        (labels("yes", "no"), {"label": "BAD"}, "yes"),
        (labels("2", "1"), {}, "2"),
        (labels("+", "-"), {}, "+"),  # a word for a missing value elsewhere
        (labels("fraud", "none"), {"positive": "fraud"}, "fraud"),
        (labels("1", "0"), {"positive": "0"}, "0"),  # the more frequent
        (lambda columns: columns | {"bad": np.tile(["b", "a"], ROWS // 2).astype(object)}, {}, "b"),  # a tie
    ],
)
def test_labels(tmp_path: Path, columns: Columns, change: Changed, question: dict[str, str], positive: str) -> None:
    only = {name: columns[name] for name in ("signal", "bad")}
    evaluation = evaluate(write_csv(tmp_path / "file.csv", change(only)), **question)
    assert evaluation.positive == positive
    written = [str(label) for label in change(only)["bad"]]
    assert [label for _, _, label, *_ in evaluation.predictions] == [int(label == positive) for label in written]


def test_rows_without_a_label_are_left_out_and_the_others_keep_their_numbers(tmp_path: Path, columns: Columns) -> None:
    bad = columns["bad"].astype(object)
    bad[::7] = "NA"
    bad[1] = None
    evaluation = evaluate(write_csv(tmp_path / "file.csv", {"signal": columns["signal"], "bad": bad}))
    assert [row for row, *_ in evaluation.predictions] == [
        row + 1 for row, label in enumerate(bad) if label is not None and label != "NA"
    ]
    assert evaluation.warnings == ["59 rows have no label; they are left out"]


def test_dropped_and_kept_columns(file: Path) -> None:
    evaluation = evaluate(
        file,
        drop=("NOISE", "recovered", "charged_off_on", "month", "customer"),
        keep_protected=True,
        product="mortgage",
    )
    assert evaluation.features == ["signal", "region", "AgeInYears"]
    assert evaluation.refused.keys() == {"default_probability"}
    assert any("AgeInYears is kept for research" in sentence for sentence in evaluation.warnings)


def test_a_date_is_days_before_the_decision_however_the_time_is_written(tmp_path: Path, columns: Columns) -> None:
    month = np.array([int(text.replace("-", "")) for text in columns["month"]])
    opened = np.array([f"20{row % 19:02}-05-05" for row in range(ROWS)], dtype=object)
    some = {"signal": columns["signal"], "opened": opened, "closed": columns["charged_off_on"], "bad": columns["bad"]}
    evaluation = evaluate(write_csv(tmp_path / "file.csv", some | {"month": month}), time="month")
    assert (evaluation.features, list(evaluation.refused)) == (["signal", "opened"], ["closed"])


def only(**columns: Column) -> Changed:
    return lambda others: columns | {"bad": others["bad"]}


def with_label(*values: object) -> Changed:
    return lambda columns: columns | {"bad": np.resize(np.array(values, dtype=object), ROWS)}


NUMBER = np.arange(ROWS)


@pytest.mark.parametrize(
    ("change", "question", "message"),
    [
        (with_label("1"), {}, "The label bad must have two values, but it has only 1"),
        (with_label("a", "b", "c"), {}, r"3 values \(a, b, c\)"),
        (with_label(*(f"Jane Doe {number}" for number in range(20))), {}, "it has 20 values. Choose"),  # persons' data
        (with_label(None), {}, "it has no values"),
        (labels("1", "0"), {"positive": "7"}, "'7' is not a value of bad, which has 0 and 1"),
        (labels("1", "0"), {"label": "worse"}, r"file.csv: no column is named 'worse'. It has signal"),
        (labels("1", "0"), {"time": "bad"}, "must name different columns"),
        (labels("1", "0"), {"time": "then"}, "--time: no column is named 'then'"),
        (labels("1", "0"), {"time": "region"}, "its cells are neither dates nor numbers"),
        (lambda columns: columns | {"month": np.ones(ROWS)}, {"time": "month"}, "all rows have the same time"),
        (labels("1", "0"), {"id": "who"}, "no column is named 'who'"),
        (lambda columns: columns | {"customer": NUMBER % 2}, {"id": "customer"}, "too few ids|rows of one label"),
        (lambda columns: columns | {"customer": np.ones(ROWS)}, {"id": "customer"}, "rows of one label"),
        (labels("1", "0"), {"drop": ("noise", "colour")}, "--drop: no column is named 'colour'"),
        (
            lambda columns: {name: column[:5] for name, column in columns.items()},
            {},
            "5 rows with a label are too few",
        ),
        (lambda columns: columns | {"bad": NUMBER < 9}, {}, "training part has . rows of one label: at least 8"),
        (only(a=np.full(ROWS, None, dtype=object), b=np.full(ROWS, "NA", dtype=object)), {}, "a has no value"),
        (only(a=np.ones(ROWS), b=np.full(ROWS, "x", dtype=object)), {}, "b has one value in the whole training part"),
        (only(sex=NUMBER % 2, AGE=NUMBER % 50), {}, "AGE: its name stands for a protected basis, age"),
        (only(code=np.array([f"code {number}" for number in NUMBER], dtype=object)), {}, "code is different in nearly"),
        (only(), {}, "no column is left to learn from"),
    ],
)
def test_faults_are_one_message(
    tmp_path: Path, columns: Columns, change: Changed, question: dict[str, Any], message: str
) -> None:
    path = write_csv(tmp_path / "file.csv", change(columns))
    with pytest.raises(ModelError, match=message) as raised:
        evaluate(path, **question)
    assert "\n" not in str(raised.value)
    assert "Jane" not in str(raised.value)


def test_many_categories_infinities_and_huge_numbers_are_survived(tmp_path: Path, columns: Columns) -> None:
    generator = np.random.default_rng(4)
    hostile = {
        "many": np.array([f"c{number}" for number in generator.integers(0, 10_000, ROWS)], dtype=object),
        "huge": np.where(NUMBER % 3, 1e300, -1e39),
        "infinite": np.where(NUMBER % 3, np.inf, columns["signal"]),
    }
    path = write_csv(tmp_path / "file.csv", {"signal": columns["signal"], **hostile, "bad": columns["bad"]})
    evaluation = evaluate(path)
    assert evaluation.features == ["signal", "huge", "infinite"]
    assert [sentence.split(" ")[0] for sentence in evaluation.warnings] == ["many"]


def test_the_command_prints_figures_and_writes_predictions(tmp_path: Path, columns: Columns) -> None:
    few = {name: columns[name][:150] for name in ("signal", "region", "AgeInYears", "bad")}
    path, out = write_csv(tmp_path / "file.csv", few), tmp_path / "out.csv"
    answer = refi_here("model", "evaluate", path, "--label", "bad", "--out", out, "--json")
    assert answer.returncode == 0, answer.stderr
    assert {name: answer.json[name] for name in ("rows", "test_rows", "positive_rows")} == {
        "rows": 150,
        "test_rows": 45,
        "positive_rows": int(few["bad"].sum()),
    }
    assert len(out.read_text().splitlines()) == 151
    assert answer.json["refused"].keys() == {"AgeInYears"}
    assert answer.json["models"]["random_forest"].keys() == {
        "roc_auc", "pr_auc", "brier", "ks", "gini", "calibration_slope", "interval", "parameters",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("out", "message"),
    [("missing/out.csv", "cannot be written: No such file or directory"), ("file.csv", "is the file to be read")],
)
def test_an_impossible_target_is_said_before_the_work(tmp_path: Path, columns: Columns, out: str, message: str) -> None:
    path = write_csv(tmp_path / "file.csv", columns)
    before = path.read_bytes()
    answer = refi_here("model", "evaluate", path, "--label", "bad", "--out", tmp_path / out)
    assert answer.returncode == 1
    assert message in answer.stderr
    assert "set aside" not in answer.stderr
    assert path.read_bytes() == before


@pytest.mark.long
@pytest.mark.parametrize(
    ("file", "label", "limits"),
    [
        ("mortgage/hmeq.csv", "default", [(0.88, 1), (0.95, 1), (0.95, 1)]),
        ("credit/german_credit.csv", "creditability", [(0.72, 0.86), (0.72, 0.86), (0.6, 1)]),
    ],
)
def test_public_data_beside_what_is_known(
    shared_data: Path, file: str, label: str, limits: list[tuple[float, float]]
) -> None:
    answer = refi_here("model", "evaluate", shared_data / file, "--label", label, "--json")
    assert answer.returncode == 0, answer.stderr
    for kind, (low, high) in zip(KINDS, limits, strict=True):
        assert low < answer.json["models"][kind]["roc_auc"] < high
    if "german" in file:
        assert answer.json["refused"].keys() == {"age_in_years", "personal_status_and_sex", "foreign_worker"}
