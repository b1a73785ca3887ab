"""Jobs of AWS Glue on loopback: a run of a job is a process that runs the job's script with its arguments.

Requests and answers are checked against botocore's model of the service. A job has one run at a time, as
infra/terraform sets it. What Spark and the workers are, a test decides by the environment of the process.
"""

import json
import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.session import get_session
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from refi_assets.settings import PROJECT_DIR
from tests.fakes.iam import Call
from tests.fakes.service_models import require_valid

JOB = "refi-banking"
ARN = f"arn:aws:glue:us-east-1:123456789012:job/{JOB}"
OPERATIONS = ("StartJobRun", "GetJobRun", "BatchStopJobRun")
ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")
THROTTLED = "ThrottlingException"  # of every operation, so no model of an operation has it


class GlueRefusalError(Exception):
    """An error of the service: its code."""


@dataclass
class GlueRun:
    """One run of the job."""

    process: "subprocess.Popen[bytes]"
    output: Path
    deadline: float
    ended_as: str = ""

    @property
    def state(self) -> str:
        """The state as Glue shows it. A run past its timeout is ended now."""
        if not self.ended_as and self.process.poll() is None and time.monotonic() > self.deadline:
            self.end("TIMEOUT")
        if self.process.poll() is None:
            return "RUNNING"
        return self.ended_as or ("FAILED" if self.process.returncode else "SUCCEEDED")

    @property
    def error_message(self) -> str:
        """The last line of the output, which is where Python prints an exception."""
        return self.output.read_text(errors="replace").strip().rpartition("\n")[2]

    def end(self, state: str) -> None:
        """End the process, as Glue ends a run that is stopped or takes too long."""
        self.ended_as = state
        self.process.kill()
        self.process.wait()


@dataclass
class GlueJobs:
    """The service, with one job. `requests` are the operations that were called, with their parameters."""

    environment: Mapping[str, str]  # of the script's process
    default_arguments: Mapping[str, str] = field(default_factory=dict)
    script: Path = PROJECT_DIR / "infra" / "glue" / "job.py"
    timeout_seconds: float = 120
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    runs: dict[str, GlueRun] = field(default_factory=dict)

    def refuses(self, operation: str, code: str, times: int = 1) -> None:
        """Let the next requests of an operation fail."""
        codes = [shape.name for shape in _MODEL.operation_model(operation).error_shapes]
        assert code in [*codes, THROTTLED]
        self.refusals += [(operation, code)] * times

    def answer(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The service's answer. Raises GlueRefusalError."""
        assert operation in OPERATIONS
        model = _MODEL.operation_model(operation)
        require_valid(model.input_shape, parameters, operation)
        self.requests.append((operation, parameters))
        for refusal in self.refusals:
            if refusal[0] == operation:
                self.refusals.remove(refusal)
                raise GlueRefusalError(refusal[1])
        if parameters["JobName"] != JOB:
            raise GlueRefusalError("EntityNotFoundException")
        answer: dict[str, Any] = getattr(self, f"_{operation}")(**parameters)
        require_valid(model.output_shape, answer, operation)
        return answer

    def states(self) -> list[str]:
        """The state of each run, oldest first."""
        return [run.state for run in self.runs.values()]

    def calls(self) -> list[Call]:
        """The permissions that the requests need."""
        return [Call(f"glue:{operation}", ARN) for operation, _ in self.requests]

    def _StartJobRun(self, JobName: str, Arguments: Mapping[str, str]) -> dict[str, Any]:  # noqa: N802, N803
        if "RUNNING" in self.states():
            raise GlueRefusalError("ConcurrentRunsExceededException")
        arguments = {"--JOB_NAME": JobName, **self.default_arguments, **Arguments}
        folder = Path(tempfile.mkdtemp(prefix="glue-"))  # the process must not find a project around it
        output = folder / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, str(self.script), *(part for pair in arguments.items() for part in pair)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={"PYTHONPATH": str(PROJECT_DIR), "HOME": str(folder), **self.environment},
            )
        run_id = f"jr_{len(self.runs) + 1:064x}"
        self.runs[run_id] = GlueRun(process, output, time.monotonic() + self.timeout_seconds)
        return {"JobRunId": run_id}

    def _GetJobRun(self, JobName: str, RunId: str) -> dict[str, Any]:  # noqa: N802, N803
        run = self.runs[RunId]
        shown = {"Id": RunId, "JobName": JobName, "JobRunState": run.state, "StartedOn": datetime.now(UTC)}
        if run.state == "FAILED":
            shown["ErrorMessage"] = run.error_message
        return {"JobRun": {**shown, "LogGroupName": "/aws-glue/jobs"}}

    def _BatchStopJobRun(self, JobName: str, JobRunIds: list[str]) -> dict[str, Any]:  # noqa: N802, N803
        for run_id in JobRunIds:
            self.runs[run_id].end("STOPPED")
        stopped = [{"JobName": JobName, "JobRunId": run_id} for run_id in JobRunIds]
        return {"SuccessfulSubmissions": stopped, "Errors": []}

    def end_all(self) -> None:
        """End the processes that still run."""
        for run in self.runs.values():
            run.end("STOPPED")


_MODEL = get_session().get_service_model("glue")


@contextmanager
def serving(jobs: GlueJobs) -> Iterator[str]:
    """The service's address, for AWS_ENDPOINT_URL_GLUE. At the end, no process of a run is left."""

    @Request.application
    def application(request: Request) -> Response:
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        try:
            status, answer = 200, jobs.answer(operation, request.get_json(force=True))
        except GlueRefusalError as refusal:
            status, answer = 400, {"__type": str(refusal), "message": f"Said by AWS about {operation}"}
        except AssertionError as error:  # boto3 would try again for long after a 500
            status, answer = 400, {"__type": "InvalidInputException", "message": str(error)}
        text = json.dumps(answer, default=lambda time_of_run: time_of_run.timestamp())
        return Response(text, status, content_type="application/x-amz-json-1.1")

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        jobs.end_all()
