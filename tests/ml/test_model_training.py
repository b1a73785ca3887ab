"""Training of a declared model on rows whose process is known: the gate, the leak guard, and what is registered."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from refi_assets.errors import ModelError
from refi_assets.ml.declared_models import DeclaredModel
from refi_assets.ml.learning_rows import LearningRows
from refi_assets.ml.model_training import TrainedVersion, train_declared
from refi_assets.ml.policy import MlPolicy, load_ml_policy
from refi_assets.ml.promotions import promote_version, verdict_of
from refi_assets.ml.registry import CHALLENGER, CHAMPION, Registry
from refi_assets.ml.tables import Column
from tests.support.quick_models import DECIDED_FROM, ROWS, declared, rows_of_two_causes, write_quick_policy

BOTH = declared("load", "wear")


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> MlPolicy:
    return load_ml_policy(write_quick_policy(tmp_path_factory.mktemp("policy")))


@pytest.fixture(scope="module")
def rows() -> LearningRows:
    return rows_of_two_causes()


class Versions:
    """A weak champion that reads one cause, a challenger that reads both, and the same once more."""

    name = "two_causes"

    def __init__(self, registry: Registry, policy: MlPolicy, rows: LearningRows) -> None:
        def trained(model: DeclaredModel) -> TrainedVersion:
            read = replace(rows, table={name: rows.table[name] for name in model.features})
            return train_declared(self.name, model, read, policy, registry, self.said.append)

        self.registry = registry
        self.said: list[str] = []
        self.weak = trained(declared("wear"))
        promote_version(registry, self.name, 1, who="ana", forced_because="a test needs a weak champion")
        self.better = trained(BOTH)
        promote_version(registry, self.name, 2, who="ana", forced_because=None)
        self.same = trained(BOTH)


@pytest.fixture(scope="module")
def versions(registry: Registry, policy: MlPolicy, rows: LearningRows) -> Versions:
    return Versions(registry, policy, rows)


def test_a_challenger_that_reads_both_causes_passes_the_gate(versions):
    assert versions.better.verdict.passed
    assert versions.better.verdict.numbers["auc_gain"]["low"] > 0.05
    (info,) = [info for info in versions.registry.versions(versions.name) if info.version == 2]
    kept = verdict_of(info)
    assert kept is not None
    assert (kept.passed, kept.against) == (True, 1)
    assert versions.said[-1] == "two_causes, version 3: the gate refuses it"


def test_the_decisions_that_flip_are_counted_in_the_judgment(versions, rows):
    """The newest 30 % of the rows are the test part, since each row is a subject of its own."""
    newest = {name: column[-ROWS * 3 // 10 :] for name, column in rows.table.items()}
    before, after = (versions.registry.load(versions.name, number).model.probabilities(newest) for number in (1, 2))
    selected, refused = np.sum((after < 0.3) & (before >= 0.3)), np.sum((before < 0.3) & (after >= 0.3))
    assert selected > 5
    assert refused > 5
    assert versions.better.judgment[-1] == (
        f"At the threshold 0.3, {selected + refused} of 360 decisions flip: {selected} newly selected, "
        f"{refused} newly refused."
    )
    header, *lines = versions.better.flips_csv.splitlines()
    assert header == "id,day,champion,challenger,becomes"
    assert [line.rpartition(",")[2] for line in lines].count("selected") == selected
    assert len(lines) == selected + refused
    for line in lines:
        _, _, before, now, becomes = line.split(",")
        assert (float(before) < 0.3, float(now) < 0.3) == (becomes == "refused", becomes == "selected")
    assert versions.same.judgment[-1].startswith("At the threshold 0.3, 0 of 360 decisions flip")
    assert versions.weak.judgment == versions.weak.verdict.reasons, "there was no champion whose decisions could flip"


def test_the_same_rows_give_the_same_model_which_gains_nothing_and_is_refused(versions):
    gain = versions.same.verdict.numbers["auc_gain"]
    assert (gain["gain"], gain["low"], gain["high"]) == (0, 0, 0)
    assert not versions.same.verdict.passed
    assert "the lower bound must be above 0" in " ".join(versions.same.judgment)
    assert versions.same.figures == versions.better.figures
    assert versions.registry.alias_version(versions.name, CHALLENGER) == 3
    assert versions.registry.alias_version(versions.name, CHAMPION) == 2


def test_a_version_is_registered_with_its_data_its_figures_its_card_and_its_plots(versions, rows):
    record = versions.registry.record(versions.name, 2)
    assert record.data_sha256 == rows.sha256
    assert record.parameters["trained_until"] == str(np.datetime64(DECIDED_FROM + ROWS * 7 // 10 - 1, "D"))
    assert record.trained_on == "ml/rows_in_memory, 2022-01-08 to 2025-04-21"
    assert record.figures == versions.better.figures["logistic_regression"]
    assert set(record.plots) == {"roc.svg", "precision_recall.svg", "calibration.svg", "scores.svg", "lift.svg"}
    assert "wear" in record.card_md
    assert versions.better.card_html == record.card_html


def leaks(rows: LearningRows) -> dict[str, tuple[DeclaredModel, LearningRows]]:
    """Models that must be refused, each by the words that must be in the message."""
    label = np.where(rows.outcome == 1, "a", "b").astype(object)
    draws = np.random.default_rng(1).normal(size=ROWS)

    def reading(name: str, column: Column, **changes: object) -> tuple[DeclaredModel, LearningRows]:
        return declared("load", name, **changes), replace(rows, table={**rows.table, name: column})

    return {
        "marital_status: its name stands for a protected basis, marital status": reading("marital_status", draws),
        "dependents: its name stands for a protected basis, familial status": reading(
            "dependents", draws, product="mortgage"
        ),
        "default_score: it is itself a prediction of default": reading("default_score", draws),
        "state: it is the label under another name": reading("state", label),
        "closed_on: 840 of its dates are after the decision": (
            declared("load", "closed_on"),
            replace(rows, table={**rows.table, "closed_on": rows.time + 1}, dates=frozenset({"closed_on"})),
        ),
    }


@pytest.mark.parametrize("message", leaks(rows_of_two_causes()))
def test_the_leak_guard_refuses_and_registers_nothing(registry, policy, rows, name, message):
    model, leaking = leaks(rows)[message]
    with pytest.raises(ModelError) as refused:
        train_declared(name, model, leaking, policy, registry, lambda _: None)
    assert message in str(refused.value)
    assert str(refused.value).endswith("Nothing was trained.")
    assert "load" not in str(refused.value).replace("ml/rows_in_memory", "")
    assert name not in registry.names()


def test_a_random_test_part_and_a_feature_that_is_too_good_are_warned_of(registry, policy, rows, name):
    nothing = np.full(ROWS, np.nan)
    hint = rows.outcome + np.random.default_rng(1).normal(scale=0.3, size=ROWS)
    timeless = replace(rows, table={**rows.table, "hint": hint}, time=nothing, known_on=nothing)
    model = declared("load", "hint", time=None, known_on=None)
    version = train_declared(name, model, timeless, policy, registry, lambda _: None)
    assert version.split == "random"
    too_good, random = version.warnings
    assert too_good.startswith("hint alone has an AUC of 0.9")
    assert random == "the model declares no time, so its test part is random: figures of the future may be worse"
    record = registry.record(name, 1)
    assert record.trained_on == "ml/rows_in_memory"
    assert "trained_until" not in record.parameters
    assert random in record.card_md


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"outcome": np.full(ROWS, np.nan)}, "0 rows with an outcome are too few"),
        ({"outcome": np.zeros(ROWS)}, "The training part has 0 rows of one outcome"),
        ({"table": {"load": np.full(ROWS, np.nan), "wear": np.ones(ROWS)}}, "no feature is left to learn from"),
    ],
)
def test_rows_from_which_nothing_can_be_learned_are_one_message(registry, policy, rows, name, changed, message):
    with pytest.raises(ModelError, match=message):
        train_declared(name, BOTH, replace(rows, **changed), policy, registry, lambda _: None)
    assert name not in registry.names()


class _WithoutPySpark:
    """An importer by which PySpark is not installed."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pyspark":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_without_pyspark_a_training_that_asks_for_it_goes_on_and_says_so(registry, policy, rows, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_WithoutPySpark, *sys.meta_path])
    monkeypatch.setattr("refi_assets.engines.spark_session._own", None)  # of an earlier test of this process
    said: list[str] = []
    model = declared("load", beside="spark_logistic_regression")
    read = replace(rows, table={"load": rows.table["load"]})
    version = train_declared("beside_nothing", model, read, policy, registry, said.append)
    reason = "Spark needs the package pyspark, of the extra `spark`."
    assert [line for line in said if line.startswith(f"PySpark's logistic regression was not measured: {reason}")]
    assert "It was not measured: Spark needs the package pyspark" in version.card_html
