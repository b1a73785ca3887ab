"""Makes the files of a release of the job of Glue: its script, and one archive with the wheels of all its packages.

    python3.13 infra/glue/build.py dist/glue

The packages are those of the image (infra/Dockerfile), by hash, and this project's own wheel with the contracts,
policies and SQL of this folder. Glue installs them from the archive, without an index. PySpark is Glue's own.

It runs on Linux with the Python of Glue 6.0, because pip reads the lock's markers for the Python that it runs on.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, ZipFile

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = (3, 13)
# Of Amazon Linux 2023, whose glibc is 2.34, and older ones.
PLATFORMS = [f"manylinux{name}_x86_64" for name in ("_2_34", "_2_28", "_2_27", "_2_17", "2014")]
LOCKS = ("requirements-deploy.lock", "requirements-ml.lock")
ARCHIVE = "refi_assets.gluewheels.zip"  # Glue recognizes the ending


def main(release: Path) -> None:
    """Write job.py and the archive into a folder."""
    if sys.version_info[:2] != PYTHON or sys.platform != "linux":
        sys.exit(f"Run this with Python {'.'.join(map(str, PYTHON))} on Linux: the job has the same.")
    release.mkdir(parents=True, exist_ok=True)
    wheels: dict[str, Path] = {}
    with TemporaryDirectory() as temporary:
        pip("wheel", "--no-deps", "--wheel-dir", temporary, str(PROJECT))
        wheels |= by_package(Path(temporary))
        for lock in LOCKS:  # of a package in both, the second one's version is kept, as in the image
            folder = str(Path(temporary) / lock)
            only = ["--no-deps", "--only-binary=:all:", *(f"--platform={name}" for name in PLATFORMS)]
            pip("download", *only, "--require-hashes", "-d", folder, "-r", str(PROJECT / lock))
            wheels |= by_package(Path(folder))
        write_archive(wheels.values(), release / ARCHIVE)
    copy(PROJECT / "infra" / "glue" / "job.py", release)


def pip(*arguments: str) -> None:
    """Run pip, and end if it fails."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - the arguments are this file's own
        sys.exit(f"pip {arguments[0]} failed.")


def by_package(folder: Path) -> dict[str, Path]:
    """Package -> its wheel in a folder."""
    return {file.name.split("-")[0].lower(): file for file in folder.glob("*.whl")}


def write_archive(wheels: Iterable[Path], archive: Path) -> None:
    """Write wheels and the list of their names and versions, in the form that AWS documents as a zip of wheels."""
    files = sorted(wheels, key=lambda file: file.name)
    pins = ["==".join(file.name.split("-")[:2]) for file in files]
    with ZipFile(archive, "w", ZIP_STORED) as packed:
        packed.writestr("wheels/requirements.txt", "".join(f"{pin}\n" for pin in pins))
        for file in files:
            packed.write(file, f"wheels/{file.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
