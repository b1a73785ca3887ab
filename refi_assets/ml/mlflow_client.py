"""MLflow's client: its environment, opening it, and its failures as messages. registry.py says what is stored.

Only the client's API is used, none of MLflow's flavors, so MLflow never loads a model.
"""

import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from refi_assets.errors import ModelError, needs_packages
from refi_assets.ml.settings import ML_PACKAGES

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQLITE = "sqlite:///"

# No variable of a user may loosen these. MLflow reads some when it is imported.
_ENVIRONMENT = {
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",  # no host but the one that the setting names
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# MLflow's own are 7 retries with a growing pause, and 120 seconds.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}

_REASONS = {
    "Max retries exceeded": "it does not answer",
    "failed with timeout": "it does not answer in time",
    "readonly database": "the file cannot be written",
    "file is not a database": "the file is not a SQLite database",
    "no such table: alembic_version": "the file is another database than MLflow's",
}


def open_client(uri: str) -> "MlflowClient":
    """The client of a registry; a SQLite database that does not exist is created. Raises ModelError."""
    os.environ.update(_ENVIRONMENT)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic", "urllib3.connectionpool"):  # every failure of theirs is raised, too
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with needs_packages("The model registry", ML_PACKAGES, "ml", "make ml"), registry_errors(uri):
        from mlflow import MlflowClient

        if uri.startswith(SQLITE):
            _prepare_database(Path(uri.removeprefix(SQLITE)))
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


def shown_uri(uri: str) -> str:
    """A registry's URI for messages, without a user's name and password."""
    parts = urlsplit(uri)
    return uri if uri.startswith(SQLITE) else urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@contextmanager
def registry_errors(uri: str) -> Iterator[None]:
    """Turn a failure of MLflow, its database or its server into a ModelError."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except OSError as error:  # requests' errors, too, which have no strerror
        reason = f"{error.strerror}: {error.filename}" if error.strerror else str(error)
        raise ModelError(_message(uri, reason)) from None
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        raise ModelError(_message(uri, str(error))) from None


def _message(uri: str, text: str) -> str:
    registry, text = f"The model registry {shown_uri(uri)}", text.replace(uri, shown_uri(uri))
    if "out-of-date database schema" in text or "Can't locate revision" in text:
        installed = version("mlflow-skinny")
        return (
            f"{registry} was written by another version of MLflow than the installed {installed}. Back it up, "
            f"then run: mlflow db upgrade {shown_uri(uri)}. Or name another registry: REFI_MLFLOW_URI."
        )
    status = re.search(r"failed with error code (\d+)", text)
    reason = next(
        (reason for symptom, reason in _REASONS.items() if symptom in text),
        f"it answers with HTTP {status[1]}" if status else text.partition("\n")[0][:300].rstrip("."),
    )
    return f"{registry} failed: {reason}. Check it, and the setting REFI_MLFLOW_URI."


def _prepare_database(file: Path) -> None:
    """Look into a SQLite file, since MLflow tries a damaged one for a hundred seconds; create it if there is none.

    The tables are created elsewhere, and the file is put in place whole. MLflow's migrations are not one transaction:
    after a kill in their midst, MLflow would refuse the database.
    """
    if file.exists():
        with closing(sqlite3.connect(file)) as database:
            database.execute("SELECT version_num FROM alembic_version")
        return
    from mlflow import MlflowClient

    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=file.parent) as folder:
        created, copy = Path(folder, "created.db"), Path(folder, "copy.db")
        MlflowClient(f"{SQLITE}{created}", f"{SQLITE}{created}")
        shutil.copyfile(created, copy)  # MLflow keeps its own open
        with suppress(FileExistsError):  # another process was faster
            file.hardlink_to(copy)
