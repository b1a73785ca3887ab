"""moto's server as AWS for the tests. It records requests and carries out ordered faults; its Glue is complete enough
for Trino, and its S3 and SQS are accurate enough for Terraform.

    python -m tests.fakes.moto_server PORT RECORD_FILE

Athena is in athena_api.py.
"""

import logging
import os
import sys
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.fakes.moto_answers import correct_answers
from tests.fakes.moto_glue import complete_glue
from tests.fakes.recording import Recorded


def main() -> None:
    """Serve until killed."""
    port, record_file = int(sys.argv[1]), Path(sys.argv[2])
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"  # for the crawlers
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    complete_glue()
    correct_answers()
    app = Recorded(DomainDispatcherApplication(create_backend_app), record_file)
    make_server("127.0.0.1", port, app, threaded=True, request_handler=MotoRequestHandler).serve_forever()


if __name__ == "__main__":
    main()
