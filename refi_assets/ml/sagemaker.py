"""Probabilities from a model behind an endpoint of Amazon SageMaker: InvokeEndpoint, with rows as CSV."""

import csv
import io
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from refi_assets import aws
from refi_assets.errors import ModelError
from refi_assets.ml.tables import Floats, Table

MOST_ROWS = 5_000  # an endpoint has 60 seconds for an answer
MOST_BYTES = 5 * 1024 * 1024  # of the 6 MiB of a request


class SageMakerModel:
    """An endpoint that takes text/csv without a header and answers one probability a row, as SageMaker's own models do.

    Columns are sent in the order of the table; a missing value is an empty cell. `client` is boto3's, by default the
    deployment's. Raises ModelError for a name that no endpoint can have.
    """

    def __init__(self, endpoint: str, client: Any = None) -> None:
        if not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", endpoint):
            raise ModelError(
                f"{endpoint!a} is not a valid name of a SageMaker endpoint: use up to 63 letters, digits and hyphens."
            )
        self.endpoint, self._client = endpoint, client
        self._subject = f"SageMaker endpoint {endpoint}"

    def probabilities(self, table: Table) -> Floats:
        """The probability of each row, in the table's order. Raises ModelError if AWS or the endpoint refuses."""
        # botocore repeats a request if AWS is busy or a model is not ready; the pause before an answer may be a minute.
        client = self._client or aws.client("sagemaker-runtime", read_timeout=70)
        batches = [self._invoke(client, body, rows) for body, rows in _batches(table)]
        return np.concatenate([np.empty(0), *batches])

    def _invoke(self, client: Any, body: str, rows: int) -> Floats:
        with aws.readable_errors(self._subject, ModelError):
            answer = client.invoke_endpoint(
                EndpointName=self.endpoint, ContentType="text/csv", Accept="text/csv", Body=body.encode()
            )
            text = answer["Body"].read().decode(errors="replace")
        try:
            numbers = [float(number) for number in re.split(r"[\s,]+", text.strip()) if number]
        except ValueError:
            numbers = []
        if len(numbers) != rows or not all(0 <= number <= 1 for number in numbers):
            raise ModelError(
                f"{self._subject}: its answer to {rows} rows is not {rows} numbers from 0 to 1. It must answer "
                "text/csv with one probability for each row."
            )
        return np.array(numbers)


def _batches(table: Table) -> Iterator[tuple[str, int]]:
    """The rows as CSV in requests of limited size, each with its number of rows."""
    lines: list[str] = []
    size = 0
    for row in zip(*(column.tolist() for column in table.values()), strict=True):
        line = _line(row)
        if lines and (len(lines) == MOST_ROWS or size + len(line.encode()) > MOST_BYTES):
            yield "".join(lines), len(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line.encode())
    if lines:
        yield "".join(lines), len(lines)


def _line(row: tuple[Any, ...]) -> str:
    cells = ["" if value is None or (isinstance(value, float) and math.isnan(value)) else value for value in row]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
