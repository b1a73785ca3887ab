"""moto's server as AWS for the tests: recorded, faulty on demand, with a Glue that is complete enough for Trino
and S3 and SQS that are true enough for Terraform.

    python -m tests.fakes.moto_server PORT RECORD_FILE

Athena is not here (athena_api.py).
"""

import logging
import os
import sys
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.fakes.moto_answers import mend_answers
from tests.fakes.moto_glue import complete_glue
from tests.fakes.recording import Recorded


def main() -> None:
    """Serve until killed."""
    port, record_file = int(sys.argv[1]), Path(sys.argv[2])
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"  # for the crawlers
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    complete_glue()
    mend_answers()
    app = Recorded(DomainDispatcherApplication(create_backend_app), record_file)
    make_server("127.0.0.1", port, app, threaded=True, request_handler=MotoRequestHandler).serve_forever()


if __name__ == "__main__":
    main()
