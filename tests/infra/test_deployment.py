"""The image, compose.yaml and dagster.yaml, as far as they can be tested without a container engine.

test_production_instance.py runs the commands and the health checks.
"""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config
from packaging.requirements import Requirement

from refi_assets.settings import PROJECT_DIR, all_settings, forget_settings
from refi_assets.specs.contracts import load_contracts
from tests.infra.deployment import INFRA, copied, dockerfile, make_app, read_yaml, services
from tests.support.running import definitions

TEST_VALUES = {"POSTGRES_PASSWORD": "p", "REFI_COMPUTE_LOGS_BUCKET": "b", "AWS_REGION": "us-east-1"}
OURS = ("code", "daemon", "webserver", "migrate")
PINNED = re.compile(r"[a-z]+:\d+(\.\d+)+-[a-z-]*bookworm")


def environment_variables(configuration: Any) -> set[str]:
    """Names in every {env: NAME} of a configuration."""
    if isinstance(configuration, dict):
        own = {configuration["env"]} if configuration.keys() == {"env"} else set()
        return own.union(*map(environment_variables, configuration.values()))
    return set().union(*map(environment_variables, configuration)) if isinstance(configuration, list) else set()


def example() -> dict[str, str]:
    """The variables of env.example, name -> value."""
    lines = (INFRA / "env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("folder", [INFRA, PROJECT_DIR / ".dagster"], ids=["production", "laptop"])
def test_dagster_accepts_the_instances_configuration(folder: Path, tmp_path: Path):
    shutil.copy(folder / "dagster.yaml", tmp_path)
    configuration, _ = dagster_instance_config(str(tmp_path))
    assert configuration["telemetry"] == {"enabled": False}


def test_a_misspelled_setting_of_the_instance_would_be_refused(tmp_path: Path):
    text = (INFRA / "dagster.yaml").read_text()
    (tmp_path / "dagster.yaml").write_text(text.replace("max_runtime_seconds", "max_runtime_second"))
    with pytest.raises(Exception, match="max_runtime_second"):
        dagster_instance_config(str(tmp_path))


@pytest.mark.parametrize("service", OURS)
def test_compose_sets_every_variable_that_the_instance_needs(service: str):
    needed = environment_variables(read_yaml("dagster.yaml")) | environment_variables(read_yaml("workspace.yaml"))
    assert needed <= services()[service]["environment"].keys()
    assert len(needed) == 7  # five of PostgreSQL, two of S3


def test_the_example_has_every_variable_that_compose_requires_and_no_secret():
    required = set(re.findall(r"\$\{(\w+):\?", (INFRA / "compose.yaml").read_text()))
    assert required == TEST_VALUES.keys()
    assert {name for name, value in example().items() if not value} == required


def test_the_settings_in_the_example_are_ours_and_valid(monkeypatch: pytest.MonkeyPatch):
    ours = {name: value for name, value in example().items() if name.startswith("REFI_")}
    settings = {f"REFI_{name.upper()}" for room in all_settings() for name in type(room).model_fields}
    assert ours.keys() - settings == {"REFI_COMPUTE_LOGS_BUCKET", "REFI_COMPUTE_LOGS_PREFIX"}  # of dagster.yaml
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    all_settings()
    forget_settings()


SOURCES = [source for file in ("Dockerfile", "stream.Dockerfile") for sources, _ in copied(file) for source in sources]


@pytest.mark.parametrize("source", SOURCES)
def test_files_that_the_image_copies_are_in_git_and_in_the_build_context(source: str):
    in_git = subprocess.run(["git", "ls-files", source], cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert in_git.stdout
    ignored = True
    for pattern in (PROJECT_DIR / ".dockerignore").read_text().splitlines():
        if pattern and not pattern.startswith("#") and fnmatch(source, pattern.removeprefix("!")):
            ignored = not pattern.startswith("!")
    assert not ignored


def test_the_build_context_has_only_files_that_an_image_copies():
    lines = (PROJECT_DIR / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == set(SOURCES)


def test_app_has_every_file_that_the_package_needs(tmp_path: Path):
    make_app(tmp_path / "app")
    loads = (
        "from refi_assets.settings import PROJECT_DIR\n"
        "from refi_assets.specs.contracts import load_contracts\n"
        "from refi_assets.definitions import defs\n"
        "from refi_assets.specs.policies import policy_file\n"
        "assert policy_file('refi').is_file()\n"
        "assets = len(defs().resolve_asset_graph().materializable_asset_keys)\n"
        "print(PROJECT_DIR, len(load_contracts()), assets)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", loads],
        cwd=tmp_path / "app",
        env={"PYTHONPATH": str(tmp_path / "app"), "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assets = len(definitions().resolve_asset_graph().materializable_asset_keys)
    assert done.stdout == f"{tmp_path / 'app'} {len(load_contracts())} {assets}\n", done.stderr


def test_base_images_are_pinned_to_a_version_of_both_the_program_and_debian():
    (base,) = (arguments for name, arguments in dockerfile() if name == "ARG")
    assert PINNED.fullmatch(base.removeprefix("PYTHON_IMAGE="))
    assert {arguments.split()[0] for name, arguments in dockerfile() if name == "FROM"} == {"${PYTHON_IMAGE}"}
    assert PINNED.fullmatch(services()["postgres"]["image"])


def test_every_package_in_the_image_is_checked_by_its_hash():
    installs = [arguments for name, arguments in dockerfile() if name == "RUN" and "pip" in arguments]
    fetching = re.findall(r"pip (?:--python \S+ )?install [^&]*", " ".join(installs))
    assert len(fetching) == 4
    assert all("--require-hashes" in command or "--no-index" in command for command in fetching)
    build_system = yaml.safe_load((PROJECT_DIR / "pyproject.toml").read_text().split("requires = ")[1].split("\n")[0])
    locked = (INFRA / "requirements-build.lock").read_text()
    assert all(re.search(rf"^{Requirement(package).name}==", locked, re.MULTILINE) for package in build_system)


def test_no_service_runs_as_root_or_writes_to_its_root_file_system():
    *_, user = (arguments for name, arguments in dockerfile() if name == "USER")
    assert user == "10001:10001"
    assert services()["postgres"]["user"] == "postgres"
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_services_are_monitored_and_restarted_and_ui_and_api_are_reachable_from_this_machine_alone():
    for name, service in services().items():
        if name != "migrate":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name
    ports = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert ports == {"webserver": ["127.0.0.1:3000:3000"], "api": ["127.0.0.1:8080:8080"]}


def test_the_api_reads_the_disk_that_runs_write_and_gets_no_secret():
    api, code = services()["api"], services()["code"]
    for name in ("REFI_STORE_DIR", "REFI_MLFLOW_URI"):
        assert api["environment"][name] == code["environment"][name]
    assert set(api["volumes"]) < set(code["volumes"])
    assert "env_file" not in api
    assert not {name for name in api["environment"] if name.startswith("PG") or "PASSWORD" in name}


def test_the_image_of_the_stream_is_built_on_the_other_with_hashed_packages_and_runs_as_its_user():
    instructions = dockerfile("stream.Dockerfile")
    assert {arguments.split()[0] for name, arguments in instructions if name == "FROM"} == {"${BASE_IMAGE}"}
    *_, user = (arguments for name, arguments in instructions if name == "USER")
    assert user == "10001:10001"
    (install,) = (arguments for name, arguments in instructions if name == "RUN" and "pip" in arguments)
    assert "--require-hashes -r requirements-stream.lock" in install
    locked = (PROJECT_DIR / "requirements-stream.lock").read_text()
    for package in ("confluent-kafka", "filelock", "jsonschema-rs", "orjson", "prometheus-client", "pyspark"):
        assert re.search(rf"^{package}==", locked, re.MULTILINE), package


def test_the_stream_writes_the_store_that_the_api_reads_gets_no_secret_of_dagster_and_ends_its_batch():
    stream, api = services()["stream"], services()["api"]
    for name in ("REFI_STORE_DIR", "REFI_MLFLOW_URI", "REFI_LAKE_URL"):
        assert stream["environment"][name] == api["environment"][name]
    assert set(api["volumes"]) < set(stream["volumes"])
    assert "env_file" not in stream
    assert not {name for name in stream["environment"] if name.startswith("PG") or "POSTGRES" in name}
    assert stream["profiles"] == ["stream"]
    assert stream["stop_grace_period"] == "2m"


def test_the_settings_of_the_stream_are_ours_and_valid_as_they_are_without_any_in_env(monkeypatch: pytest.MonkeyPatch):
    for name, value in services()["stream"]["environment"].items():
        if name.startswith("REFI_"):
            monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    forget_settings()
    settings = {f"REFI_{name.upper()}" for room in all_settings() for name in type(room).model_fields}
    forget_settings()
    assert {name for name in services()["stream"]["environment"] if name.startswith("REFI_")} <= settings


def test_the_image_has_every_package_of_the_api():
    installed = [arguments for name, arguments in dockerfile() if name == "RUN" and "requirements-ml.lock" in arguments]
    assert len(installed) == 1
    locked = (PROJECT_DIR / "requirements-ml.lock").read_text()
    for package in ("fastapi", "httptools", "mlflow-skinny", "prometheus-client", "scikit-learn", "uvicorn", "uvloop"):
        assert re.search(rf"^{package}==", locked, re.MULTILINE), package


def test_a_service_waits_for_its_dependencies():
    def needs(name: str) -> dict[str, str]:
        return {service: need["condition"] for service, need in services()[name].get("depends_on", {}).items()}

    tables = {"migrate": "service_completed_successfully"}
    assert needs("postgres") == {}
    assert needs("migrate") == {"postgres": "service_healthy"}
    assert needs("code") == tables
    assert needs("api") == tables
    assert needs("daemon") == needs("webserver") == {**tables, "code": "service_healthy"}


def test_the_ui_and_the_daemon_look_for_the_code_location_where_it_is():
    (entry,) = read_yaml("workspace.yaml")["load_from"]
    location = entry["grpc_server"]
    assert location["host"] in services()
    command = services()[location["host"]]["command"]
    assert command[command.index("-p") + 1] == str(location["port"])
    assert command[command.index("--location-name") + 1] == location["location_name"]
    for service in ("daemon", "webserver"):
        command = services()[service]["command"]
        workspace = command[command.index("-w") + 1]
        assert (["infra/dagster.yaml", "infra/workspace.yaml"], f"/app/{Path(workspace).parent}/") in copied()
