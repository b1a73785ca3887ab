"""The files of a release of the job of Glue."""

import subprocess
import sys
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from refi_assets.settings import PROJECT_DIR

BUILD = PROJECT_DIR / "infra" / "glue" / "build.py"


def build_module() -> Any:
    spec = spec_from_file_location("build", BUILD)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_archive_names_each_wheel_by_its_version(tmp_path: Path):
    names = ["refi_assets-0.1.0-py3-none-any.whl", "duckdb-1.5.5-cp313-cp313-manylinux_2_26_x86_64.whl"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    module = build_module()
    module.write_archive(module.by_package(tmp_path).values(), tmp_path / "a.gluewheels.zip")
    with zipfile.ZipFile(tmp_path / "a.gluewheels.zip") as archive:
        assert {entry: archive.read(entry).decode() for entry in archive.namelist()} == {
            "wheels/requirements.txt": "duckdb==1.5.5\nrefi_assets==0.1.0\n",
            **{f"wheels/{name}": name for name in names},
        }


def test_the_packages_are_locked_and_pyspark_is_not_among_them():
    lines = [line for lock in build_module().LOCKS for line in (PROJECT_DIR / lock).read_text().splitlines()]
    names = {Requirement(line.rstrip(" \\")).name for line in lines if line[:1].isalpha()}
    assert {"dagster", "dagster-pipes", "boto3", "duckdb", "duckdb-extension-httpfs", "scikit-learn"} <= names
    assert "pyspark" not in names


@pytest.mark.skipif(sys.version_info[:2] == (3, 13), reason="this is the Python of Glue")
def test_another_python_than_glues_is_refused(tmp_path: Path):
    done = subprocess.run([sys.executable, BUILD, tmp_path], capture_output=True, text=True, check=False)
    assert "Run this with Python 3.13 on Linux" in done.stderr
    assert not any(tmp_path.iterdir())
