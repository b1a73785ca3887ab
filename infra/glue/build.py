"""Makes the files of a release of the job of Glue: its script, and one archive with the wheels of all its packages.

    python3.13 infra/glue/build.py dist/glue

The packages are those of requirements-deploy.lock, by hash, and this project's own wheel with the contracts, policies
and SQL of this folder. Glue installs them from the archive, without an index. PySpark is not among them: Glue has it.

It runs on Linux with the Python of Glue 6.0, because pip reads the lock's markers for the Python that it runs on.
"""

import subprocess
import sys
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, ZipFile

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = (3, 13)
# Of Amazon Linux 2023, whose glibc is 2.34, and older ones.
PLATFORMS = [f"manylinux{name}_x86_64" for name in ("_2_34", "_2_28", "_2_27", "_2_17", "2014")]
ARCHIVE = "refi_assets.gluewheels.zip"  # Glue recognizes the ending


def main(release: Path) -> None:
    """Write job.py and the archive into a folder."""
    if sys.version_info[:2] != PYTHON or sys.platform != "linux":
        sys.exit(f"Run this with Python {'.'.join(map(str, PYTHON))} on Linux: the job has the same.")
    release.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        wheels = Path(folder)
        pip("wheel", "--no-deps", "--wheel-dir", folder, str(PROJECT))
        platforms = [f"--platform={name}" for name in PLATFORMS]
        lock = str(PROJECT / "requirements-deploy.lock")
        pip("download", "--no-deps", "--only-binary=:all:", "--require-hashes", *platforms, "-d", folder, "-r", lock)
        write_archive(wheels, release / ARCHIVE)
    copy(PROJECT / "infra" / "glue" / "job.py", release)


def pip(*arguments: str) -> None:
    """Run pip, and end if it fails."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - the arguments are this file's own
        sys.exit(f"pip {arguments[0]} failed.")


def write_archive(wheels: Path, archive: Path) -> None:
    """Write wheels and the list of their names and versions, in the form that AWS documents as a zip of wheels."""
    files = sorted(wheels.glob("*.whl"))
    pins = ["==".join(file.name.split("-")[:2]) for file in files]
    with ZipFile(archive, "w", ZIP_STORED) as packed:
        packed.writestr("wheels/requirements.txt", "".join(f"{pin}\n" for pin in pins))
        for file in files:
            packed.write(file, f"wheels/{file.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
