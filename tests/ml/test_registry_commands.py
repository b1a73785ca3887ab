"""refi model list, promote, rollback, card: what they print, and what they refuse."""

import json
import sys
from datetime import UTC, datetime

import pytest

from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.promotions import KeptVerdict, keep_verdict
from refi_assets.ml.registry import Registry
from tests.support.commands import Answer, refi_here
from tests.support.registries import record_of


class Commands:
    """`refi model …` on a registry with three versions of a model: passed, failed, not judged."""

    def __init__(self, registry: Registry, name: str) -> None:
        self.registry, self.name = registry, name

    def __call__(self, command: str, *arguments: object) -> Answer:
        return refi_here("model", command, self.name, *arguments, environment={"REFI_MLFLOW_URI": self.registry.uri})

    def refused(self, command: str, *arguments: object) -> str:
        answer = self(command, *arguments)
        assert answer.returncode != 0
        assert "Traceback" not in answer.stderr
        assert answer.stdout == ""
        return " ".join(answer.stderr.split())


@pytest.fixture
def model(registry: Registry, name: str, scorecard: FittedModel, forest: FittedModel) -> Commands:
    registry.register(name, scorecard, record_of())
    registry.register(name, forest, record_of(figures={"roc_auc": float("nan")}))
    registry.register(name, forest, record_of())
    at, numbers = datetime(2026, 5, 4, 7, tzinfo=UTC), {"auc_gain": 0.01}
    keep_verdict(registry, name, 1, KeptVerdict(passed=True, against=None, reasons=(), numbers=numbers, judged_at=at))
    failed = KeptVerdict(passed=False, against=1, reasons=("Brier is worse.",), numbers=numbers, judged_at=at)
    keep_verdict(registry, name, 2, failed)
    return Commands(registry, name)


def test_a_version_is_promoted_listed_and_rolled_back(model):
    answer = model("promote", 1, "--who", "ana")
    assert answer.stdout == f"Version 1 of {model.name} was promoted by ana.\n"
    answer = model("promote", 2, "--force", "--reason", "the old one is withdrawn", "--who", "ana")
    forced = f"Version 2 of {model.name} was promoted against the gate in place of version 1 by ana"
    assert answer.stdout.splitlines() == [
        f"{forced}: the old one is withdrawn",
        f"The way back: refi model rollback {model.name}",
    ]
    first, second, third = (
        line.split() for line in model("list").stdout.splitlines() if "random_" in line or "log" in line
    )
    assert first[1:3] == ["1", "logistic_regression"]
    assert first[3:5] == ["0.812", "0.150"]
    assert first[-1] == "passed"
    assert second[1:4] == ["2", "champion", "random_forest"]
    assert second[-1] == "failed"
    assert third[-2:] == ["not", "judged"]
    assert forced in model("list").stdout, "the history is below the table"
    answer = model("rollback", "--who", "ben")
    assert answer.stdout == f"Version 1 of {model.name} was brought back in place of version 2 by ben.\n"


def test_json_has_every_figure_and_the_verdict(model):
    promoted = model("promote", 1, "--who", "ana", "--json").json
    assert {key: promoted[key] for key in ("name", "version", "before", "kind", "who")} == {
        "name": model.name,
        "version": 1,
        "before": None,
        "kind": "promoted",
        "who": "ana",
    }
    first, second, third = map(json.loads, model("list", "--json").stdout.splitlines())
    assert (first["aliases"], first["figures"]) == (["champion"], {"roc_auc": 0.8125, "brier": 0.15})
    assert second["figures"] == {"roc_auc": None}, "JSON has no NaN"
    assert (second["verdict"]["passed"], second["verdict"]["reasons"]) == (False, ["Brier is worse."])
    assert third["verdict"] is None
    assert first["trained_on"] == "ml/credit_decision_features, 2019-01 to 2021-12"


def test_a_version_that_failed_the_gate_is_refused_with_its_reasons_and_the_command_to_force_it(model):
    model("promote", 1, "--who", "ana")
    message = model.refused("promote", 2)
    assert "it did not pass the gate: Brier is worse." in message
    assert f"refi model promote {model.name} 2 --force --reason TEXT" in message
    assert "go together" in model.refused("promote", 2, "--force")
    assert "go together" in model.refused("promote", 2, "--reason", "it is better")
    assert "go together" in model.refused("promote", 2, "--force", "--reason", " ")


def test_the_card_is_printed_or_written_as_html(model, tmp_path):
    assert model("card", "--version", 2).stdout == "# Credit default\n\nLimits: two inputs.\n"
    page = tmp_path / "card.html"
    assert model("card", "--version", 2, "--out", page).stdout == f"{page} has the card.\n"
    assert page.read_text() == "<h1>Credit default</h1>"
    assert model("card", "--version", 2, "--json").json["card"].startswith("# Credit default")
    assert "has no champion" in model.refused("card")
    model("promote", 1, "--who", "ana")
    assert model("card").stdout.startswith("# Credit default")
    assert "cannot be written" in model.refused("card", "--out", tmp_path / "no folder" / "card.html")


def test_an_unknown_model_is_one_message(model):
    answer = refi_here("model", "list", "nobody", environment={"REFI_MLFLOW_URI": model.registry.uri})
    assert answer.returncode == 1
    assert "There is no model 'nobody'" in answer.stderr
    assert "Traceback" not in answer.stderr


class NotInstalled:
    """An import finder for which MLflow is not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "mlflow":
            raise ModuleNotFoundError("No module named 'mlflow'", name="mlflow")


def test_without_the_extra_there_is_one_message(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("mlflow")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NotInstalled(), *sys.meta_path])
    answer = refi_here("model", "list")
    assert answer.returncode == 1
    assert "The model registry needs the package mlflow, of the extra `ml`. Install refi-assets[ml]" in answer.stderr
