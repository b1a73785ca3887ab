"""The registry: what is stored, found and promoted, in SQLite and on a server; and its faults."""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from refi_assets.errors import ModelError
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.promotions import (
    KeptVerdict,
    Promotion,
    keep_verdict,
    promote_version,
    promotions_of,
    roll_back,
    verdict_of,
)
from refi_assets.ml.registry import CHALLENGER, CHAMPION, Registry, open_registry
from refi_assets.settings import overridden
from tests.fakes.servers import Servers, accepts_connections, free_port
from tests.support.registries import ROWS, new_registry_file, record_of


@pytest.fixture(scope="session")
def server_record(servers: Servers) -> Path:
    return servers.folder / "mlflow_requests.txt"


@pytest.fixture(scope="session")
def server_url(servers: Servers, session_folder: Path, server_record: Path) -> str:
    """An MLflow server on this machine."""

    def command(port: int) -> list[str]:
        database = new_registry_file(servers.folder / "mlflow", session_folder)
        return [sys.executable, "-m", "tests.fakes.mlflow_server", str(port), str(database), str(server_record)]

    return f"http://127.0.0.1:{servers.port('mlflow', command, accepts_connections)}"


@pytest.fixture
def no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture(params=["sqlite", "server"])
def either(request: pytest.FixtureRequest) -> Registry:
    """A registry in a file, and one on a server."""
    if request.param == "sqlite":
        return request.getfixturevalue("registry")
    return Registry(request.getfixturevalue("server_url"))


def refusal(call, *arguments, **named) -> str:
    with pytest.raises(ModelError) as refused:
        call(*arguments, **named)
    message = str(refused.value)
    assert "\n" not in message, "it is one message"
    return message


def test_a_registered_model_comes_back_the_same(either, forest, scorecard, name):
    record = record_of(figures={"roc_auc": 0.8125, "ks": float("nan")})
    first = either.register(name, forest, record)
    second = either.register(name, scorecard, record_of(plots={}))
    assert second == first + 1
    loaded = either.load(name, first)
    assert (loaded.name, loaded.version, loaded.model.kind) == (name, first, "random_forest")
    np.testing.assert_array_equal(loaded.model.probabilities(ROWS), forest.probabilities(ROWS))
    assert repr(loaded.record.model_dump()) == repr(record.model_dump()), "also a figure that is NaN"
    assert either.record(name, second) == record_of(plots={})
    np.testing.assert_array_equal(either.load(name, second).model.probabilities(ROWS), scorecard.probabilities(ROWS))


def test_an_alias_moves_and_readers_see_it_at_once(either, scorecard, name):
    first, second = (either.register(name, scorecard, record_of()) for _ in range(2))
    reader = Registry(either.uri)
    assert reader.alias_version("another_model", CHAMPION) is None
    either.set_alias(name, CHAMPION, first)
    assert reader.alias_version(name, CHAMPION) == first
    either.set_alias(name, CHAMPION, second)
    assert (reader.alias_version(name, CHAMPION), reader.load(name, CHAMPION).version) == (second, second)
    either.remove_alias(name, CHAMPION)
    assert reader.alias_version(name, CHAMPION) is None


def test_a_server_is_asked_once_for_the_version_of_an_alias(server_url, server_record, scorecard, name):
    registry = Registry(server_url)
    registry.set_alias(name, "polled", registry.register(name, scorecard, record_of()))
    before = server_record.read_text().splitlines()
    assert registry.alias_version(name, "polled") is not None
    assert server_record.read_text().splitlines()[len(before) :] == ["GET /api/2.0/mlflow/registered-models/alias"]


def test_mlflow_itself_shows_the_run_with_parameters_figures_tags_and_files(either, forest, name):
    from mlflow import MlflowClient

    version = either.register(name, forest, record_of())
    client = MlflowClient(either.uri, either.uri)
    stored = client.get_model_version(name, str(version))
    run = client.get_run(stored.run_id)
    assert run.data.metrics == {"roc_auc": 0.8125, "brier": 0.15}
    assert run.data.params == {"trees": "5", "learning_rate": "0.1", "depth": "None"}
    expected = {
        "kind": "random_forest",
        "data_sha256": "d" * 64,
        "code_version": "1f2e3d",
        "trained_on": "ml/credit_decision_features, 2019-01 to 2021-12",
    }
    assert expected.items() <= run.data.tags.items()
    assert expected.items() <= stored.tags.items()
    assert run.info.status == "FINISHED"
    files = {"card.html", "card.md", "manifest.json", "model", "plots", "record.json"}
    assert {file.path for file in client.list_artifacts(stored.run_id)} == files
    assert {file.path for file in client.list_artifacts(stored.run_id, "model")} == {
        "model/model.json",
        "model/estimator.skops",
    }


def test_versions_are_listed_with_aliases_figures_and_the_day(registry, forest, scorecard, name):
    registry.register(name, forest, record_of())
    registry.register(name, scorecard, record_of(figures={"roc_auc": 0.9}))
    registry.set_alias(name, CHAMPION, 1)
    registry.set_alias(name, "approved", 1)
    first, second = registry.versions(name)
    assert (first.version, first.aliases, first.kind) == (1, ("approved", "champion"), "random_forest")
    assert (second.version, second.aliases, second.figures) == (2, (), {"roc_auc": 0.9})
    assert abs(datetime.now(UTC) - first.registered_at).total_seconds() < 3600


def test_more_models_than_a_page_of_mlflow_are_all_listed(registry, name):
    from mlflow import MlflowClient

    client = MlflowClient(registry.uri, registry.uri)
    names = {f"{name}_{number}" for number in range(101)}
    for each in names:
        client.create_registered_model(each, tags={"refi_assets": "1"})
    assert client.search_registered_models().token, "else this test shows nothing"
    assert names <= set(registry.names())


def test_a_model_of_others_on_the_same_server_is_not_listed(registry, scorecard, name):
    from mlflow import MlflowClient

    MlflowClient(registry.uri, registry.uri).create_registered_model(name)
    assert name not in registry.names()
    registry.register(name, scorecard, record_of())
    assert name in registry.names(), "it is ours now"


def test_a_wrong_name_version_or_alias_is_answered_with_what_there_is(either, scorecard, name):
    version = either.register(name, scorecard, record_of())
    either.set_alias(name, CHALLENGER, version)
    assert f"There is no model 'nobody' in the registry {either.uri}." in refusal(either.load, "nobody", 1)
    assert name in refusal(either.versions, "nobody")
    assert refusal(either.load, name, 99) == (
        f"Model {name} has no version 99. Its versions are {version}/challenger. Promote or name one of them."
    )
    assert f"Model {name} has no champion." in refusal(either.load, name, CHAMPION)
    assert f"Model {name} has no version 99." in refusal(either.set_alias, name, CHAMPION, 99)
    assert "'../x' is not a valid name of a model" in refusal(either.load, "../x", 1)
    assert "is not a valid name" in refusal(either.register, "x' OR '1'='1", scorecard, record_of())


def test_a_plot_of_another_name_is_refused_before_anything_is_registered(registry, scorecard, name):
    assert "plots/roc.png" in refusal(registry.register, name, scorecard, record_of(plots={"roc.png": b""}))
    assert name not in registry.names()


def test_a_file_of_a_server_that_is_missing_or_was_changed_is_named(server_url, servers, scorecard, name):
    registry = Registry(server_url)
    version = registry.register(name, scorecard, record_of(card_md=name))
    (card,) = (path for path in (servers.folder / "mlflow" / "artifacts").rglob("card.md") if path.read_text() == name)
    card.write_text("Safe for all uses.")
    assert f"{name}, version {version}: card.md: its SHA-256 is not" in refusal(registry.load, name, version)
    card.unlink()
    assert f"{name}, version {version}: card.md: the file is missing" in refusal(registry.load, name, version)


# ---- faults of the registry itself


@pytest.mark.usefixtures("no_retries")
def test_a_server_that_is_away_is_one_message_without_its_password(name):
    uri = f"http://me:hunter2@127.0.0.1:{free_port()}"
    message = refusal(Registry(uri).alias_version, name, CHAMPION)
    assert message.startswith(f"The model registry {uri.replace('me:hunter2@', '')} failed: it does not answer.")
    assert "REFI_MLFLOW_URI" in message
    assert "hunter2" not in message


def test_a_server_cannot_send_us_to_another_host(name):
    asked: list[str] = []

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/another-host")  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        message = refusal(Registry(f"http://127.0.0.1:{server.server_port}").alias_version, name, CHAMPION)
        server.shutdown()
    assert len(asked) == 1, "the redirect was not followed"
    assert "it answers with HTTP 302" in message


def test_another_server_at_the_url_is_not_taken_for_an_empty_registry(moto_url, name):
    message = refusal(Registry(f"{moto_url}/no-such-bucket").alias_version, name, CHAMPION)
    assert "failed: it answers with HTTP 404." in message


def test_a_file_that_is_no_database_is_named(tmp_path):
    file = tmp_path / "mlflow.db"
    file.write_text("This is not a database. " * 100)
    assert f"{file} failed: the file is not a SQLite database." in refusal(Registry, f"{SQLITE}{file}")
    another = tmp_path / "another.db"
    with sqlite3.connect(another) as database:
        database.execute("CREATE TABLE payments (amount)")
    assert f"{another} failed: the file is another database than MLflow's." in refusal(Registry, f"{SQLITE}{another}")
    assert "Not a directory" in refusal(Registry, f"{SQLITE}{file}/registry/mlflow.db")


def test_a_database_of_another_version_of_mlflow_is_not_touched(registry, tmp_path):
    file = Path(registry.uri.removeprefix(SQLITE))
    older = tmp_path / "older" / file.name
    older.parent.mkdir()
    older.write_bytes(file.read_bytes())
    with sqlite3.connect(older) as database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    before = older.read_bytes()
    message = refusal(Registry, f"{SQLITE}{older}")
    assert f"{older} was written by another version of MLflow than the installed 3.17.2" in message
    assert f"mlflow db upgrade sqlite:///{older}" in message
    assert older.read_bytes() == before


def test_a_database_that_cannot_be_written_can_be_read(registry, scorecard, tmp_path, name):
    registry.register(name, scorecard, record_of())
    file = tmp_path / "mlflow.db"
    content = bytearray(Path(registry.uri.removeprefix(SQLITE)).read_bytes())
    content[18] = 3  # a write version above 2 makes SQLite open the file as read-only: sqlite.org/fileformat
    file.write_bytes(content)
    locked = Registry(f"{SQLITE}{file}")
    assert name in locked.names()
    assert "the file cannot be written" in refusal(locked.register, name, scorecard, record_of())


def test_a_registry_is_the_same_by_another_path_to_it(registry, scorecard, name, tmp_path):
    version = registry.register(name, scorecard, record_of())
    (tmp_path / "link").symlink_to(Path(registry.uri.removeprefix(SQLITE)).parent)
    linked = Registry(f"{SQLITE}{tmp_path / 'link' / 'mlflow.db'}")
    assert linked.load(name, version).version == version
    assert registry.load(f"{name}_2", linked.register(f"{name}_2", scorecard, record_of())).name == f"{name}_2"


def test_a_registry_is_opened_by_its_setting(registry, scorecard, name):
    registry.register(name, scorecard, record_of())
    with overridden("REFI_MLFLOW_URI", registry.uri):
        assert name in open_registry().names()


def test_two_processes_can_create_one_registry(tmp_path):
    uri = f"{SQLITE}{tmp_path / 'mlflow.db'}"
    context = multiprocessing.get_context("fork")  # they start at the same moment, without imports
    processes = [context.Process(target=Registry, args=(uri,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert Registry(uri).names() == []
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db"}


NEW = """
import socket, sys

def refuse(*arguments):
    print("a connection to", arguments[1:], file=sys.stderr, flush=True)  # MLflow ignores the error in its threads
    raise OSError

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import logging
logging.basicConfig(level="INFO")
import tests.support.registries as small
from refi_assets.ml.registry import Registry
registry = Registry(sys.argv[1])
registry.register("credit_default", small.scorecard.__wrapped__(), small.record_of())
registry.load("credit_default", 1)
"""


def test_a_new_registry_needs_no_network_prints_nothing_and_leaves_no_other_files(tmp_path):
    # Variables by which MLflow sees that it is being tested, and sends no telemetry.
    hidden = {"CI", "PYTEST_CURRENT_TEST", "GITHUB_ACTIONS", "BUILDKITE", "JENKINS_URL"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    done = subprocess.run(
        [sys.executable, "-c", NEW, f"{SQLITE}{tmp_path / 'registry' / 'mlflow.db'}"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path.name for path in tmp_path.iterdir()} == {"registry"}
    assert {path.name for path in (tmp_path / "registry").iterdir()} == {"mlflow.db", "artifacts"}


# ---- promotions


def verdict(*, passed: bool = True, against: int | None = None, reasons: tuple[str, ...] = ()) -> KeptVerdict:
    at = datetime(2026, 5, 4, 3, tzinfo=UTC)
    return KeptVerdict(passed=passed, against=against, reasons=reasons, numbers={"gain": 0.01}, judged_at=at)


@dataclass
class Judged:
    """Four versions: the first passed without a champion, the second against the first, the third failed."""

    registry: Registry
    name: str

    @property
    def champion(self) -> int | None:
        return self.registry.alias_version(self.name, CHAMPION)

    @property
    def promotions(self) -> list[Promotion]:
        return promotions_of(self.registry, self.name)

    def set_champion(self, version: int) -> None:
        self.registry.set_alias(self.name, CHAMPION, version)

    def promote(self, version: int, because: str | None = None) -> str:
        return promote_version(self.registry, self.name, version, who="ana", forced_because=because).kind

    def back(self) -> int:
        return roll_back(self.registry, self.name, who="ben", reason="complaints").version


@pytest.fixture
def judged(registry: Registry, name: str, scorecard: FittedModel) -> Judged:
    for _ in range(4):
        registry.register(name, scorecard, record_of())
    keep_verdict(registry, name, 1, verdict())
    keep_verdict(registry, name, 2, verdict(against=1))
    keep_verdict(registry, name, 3, verdict(passed=False, against=1, reasons=("Brier is worse.", "12 decisions flip.")))
    return Judged(registry, name)


def test_a_version_with_a_passing_verdict_becomes_champion(judged):
    judged.registry.set_alias(judged.name, CHALLENGER, 1)
    assert judged.promote(1) == "promoted"
    assert judged.champion == 1
    assert judged.registry.alias_version(judged.name, CHALLENGER) is None, "the challenger has become champion"
    assert verdict_of(judged.registry.versions(judged.name)[1]) == verdict(against=1)


def test_a_version_without_one_is_refused_with_the_reasons_and_nothing_changes(judged):
    judged.promote(1)
    assert "it did not pass the gate: Brier is worse. 12 decisions flip." in refusal(judged.promote, 3)
    assert "the gate has not judged it" in refusal(judged.promote, 4)
    assert "is the champion already" in refusal(judged.promote, 1)
    assert "has no version 9" in refusal(judged.promote, 9)
    assert judged.champion == 1
    assert len(judged.promotions) == 1


def test_a_verdict_against_another_champion_does_not_count(judged):
    message = refusal(judged.promote, 2)
    assert "the gate compared it with version 1, but there is no champion" in message
    judged.promote(3, "first model")
    assert "the gate compared it with version 1, but the champion is version 3" in refusal(judged.promote, 2)
    assert "the gate compared it with no champion, but the champion is version 3" in refusal(judged.promote, 1)


def test_a_forced_promotion_is_recorded_as_such(judged):
    assert judged.promote(3, "the regulator asks for it") == "forced"
    (promotion,) = judged.promotions
    assert (promotion.kind, promotion.version, promotion.before) == ("forced", 3, None)
    assert (promotion.who, promotion.reason) == ("ana", "the regulator asks for it")
    assert abs(datetime.now(UTC) - promotion.at).total_seconds() < 3600


def test_going_back_leads_from_champion_to_champion(judged):
    judged.promote(1)
    judged.promote(2)
    judged.promote(4, "a trial")
    assert [judged.back(), judged.back()] == [2, 1]
    assert "has no earlier champion" in refusal(judged.back)
    assert judged.promote(2) == "promoted"
    assert judged.back() == 1
    kinds = [promotion.kind for promotion in judged.promotions]
    assert kinds == ["promoted", "promoted", "forced", "rolled back", "rolled back", "promoted", "rolled back"]
    assert judged.promotions[-1].reason == "complaints"


def test_the_way_back_leads_through_champions_that_mlflow_was_told_of(judged):
    judged.set_champion(1)
    judged.promote(2)
    judged.set_champion(4)
    judged.promote(3, "a trial")
    assert [judged.back(), judged.back(), judged.back()] == [4, 2, 1]


def test_a_kill_between_the_alias_and_the_record_does_not_lead_astray(judged):
    judged.promote(1)
    judged.promote(2)
    judged.set_champion(4)  # as a promotion leaves it that is killed before it is recorded
    assert judged.back() == 2
    assert judged.back() == 1
    judged.set_champion(2)  # as a way back leaves it that was recorded and then killed
    assert judged.back() == 1
