"""The destinations of OpenLineage events, which never stop a run. Their contents are tested in test_openlineage.py."""

import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import pytest

from refi_assets.cli.run import run_domain
from refi_assets.cli.terminal import Terminal
from refi_assets.settings import PROJECT_DIR
from tests.support.openlineage import Event, completed, read
from tests.support.running import DAY, Ran, run_job

RAW = ["raw/borrower_engagement", "raw/borrower_information", "raw/loan_information", "raw/market_equity"]


def warnings_of(instance: dg.DagsterInstance, run: Ran) -> list[str]:
    entries = instance.all_logs(run.result.run_id)
    return [entry.user_message for entry in entries if "OpenLineage" in entry.user_message]


def test_the_clients_own_settings_decide_where_events_go(lake, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(tmp_path / "elsewhere.jsonl"))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "lender-of-ours")

    assert run_job(lake, selection=RAW).success
    events = read(tmp_path / "elsewhere.jsonl")
    assert len(events) == 8
    assert {event["job"]["namespace"] for event in events} == {"lender-of-ours"}
    assert not (lake / "openlineage").exists()


def test_the_clients_configuration_file_decides_where_events_go(lake, tmp_path, monkeypatch):
    file = tmp_path / "openlineage.yml"
    file.write_text(f"transport:\n  type: file\n  append: true\n  log_file_path: {tmp_path}/elsewhere.jsonl\n")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(file))

    assert run_job(lake, selection=RAW).success
    assert len(read(tmp_path / "elsewhere.jsonl")) == 8


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server that keeps the events it receives in `received`, and replies with the status `answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(listening.answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    received: list[Event] = []
    listening: Any = HTTPServer(("127.0.0.1", 0), Handler)
    listening.answer, listening.received = 201, received
    Thread(target=listening.serve_forever, daemon=True).start()
    yield listening
    listening.shutdown()
    listening.server_close()


def test_events_go_to_the_server_that_openlineage_url_names(lake, server, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")

    assert run_job(lake, selection=RAW).success
    assert completed(server.received).keys() == set(RAW)
    assert not (lake / "openlineage").exists()


def test_a_server_that_refuses_an_event_leads_to_one_warning_without_its_password_and_gets_no_more(
    lake, server, monkeypatch
):
    server.answer = 401
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://someone:secret@127.0.0.1:{server.server_port}?key=secret")
    instance = dg.DagsterInstance.ephemeral()
    run = run_job(lake, instance=instance, selection=RAW)

    assert run.success
    (warning,) = warnings_of(instance, run)
    assert "401 Client Error" in warning
    assert f"127.0.0.1:{server.server_port}" in warning
    assert "secret" not in warning
    assert len(server.received) == 1


def test_an_unreachable_server_leads_to_one_warning_at_the_end_of_refi_run(lake, tmp_path, monkeypatch):
    shutil.copy(PROJECT_DIR / ".dagster" / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
    result = run_domain("refi", DAY, lake_url=str(lake), console=Terminal(quiet=True))

    (warning,) = [warning for warning in result.warnings if "OpenLineage" in warning]
    assert "Connection refused" in warning
    assert "OPENLINEAGE_DISABLED" in warning
    assert Path(str(result.file)).is_file()


def test_an_unwritable_folder_leads_to_one_warning(lake):
    (lake / "openlineage").write_text("a file where the folder should be")
    instance = dg.DagsterInstance.ephemeral()
    run = run_job(lake, instance=instance, selection=RAW)

    assert run.success
    (warning,) = warnings_of(instance, run)
    assert f"openlineage/{run.result.run_id}.jsonl in the lake {lake}: File exists. Correct" in warning


def test_an_invalid_configuration_leads_to_one_warning(lake, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "pigeon")
    instance = dg.DagsterInstance.ephemeral()
    run = run_job(lake, instance=instance, selection=RAW)

    assert run.success
    assert len(warnings_of(instance, run)) == 1


def test_no_event_is_written_when_openlineage_is_disabled(lake, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")

    assert run_job(lake, selection=RAW).success
    assert not (lake / "openlineage").exists()
