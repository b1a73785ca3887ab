"""Endpoints of Amazon SageMaker: InvokeEndpoint over HTTP, as boto3 calls it. They answer text/csv, or refuse."""

import csv
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The probability of a row, or the code of the error with which every request is refused.
EndpointAnswer = Callable[[list[str]], float] | str


@contextmanager
def sagemaker_endpoints(answers: Mapping[str, EndpointAnswer]) -> Iterator[dict[str, str]]:
    """Serve endpoints by name; yields the environment in which boto3 finds them and tries twice."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = answers[self.path.removeprefix("/endpoints/").removesuffix("/invocations")]
            if isinstance(answer, str):
                self._send(400, json.dumps({"message": "Rate exceeded"}), ("x-amzn-errortype", answer))
            else:
                lines = [f"{answer(row)}\n" for row in csv.reader(body.splitlines())]
                self._send(200, "".join(lines), ("Content-Type", "text/csv"))

        def _send(self, status: int, text: str, header: tuple[str, str]) -> None:
            self.send_response(status)
            self.send_header(*header)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"http://127.0.0.1:{server.server_port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_MAX_ATTEMPTS": "2",
        }
        server.shutdown()
