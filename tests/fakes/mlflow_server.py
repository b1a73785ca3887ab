"""MLflow's own tracking server, for the tests of a registry at a URL. It records each request: its method and path.

    python -m tests.fakes.mlflow_server PORT DATABASE RECORD_FILE

The `mlflow server` command needs packages of the full MLflow; the application that it runs is in mlflow-skinny.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server


def main() -> None:
    """Serve until killed."""
    port, database, record_file = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    os.environ |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{database}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(database.parent / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }
    from mlflow.server import app

    def recorded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with record_file.open("a", encoding="utf-8") as file:
            file.write(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}\n")
        answer: Iterable[bytes] = app(environ, start_response)
        return answer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    make_server("127.0.0.1", port, recorded, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
