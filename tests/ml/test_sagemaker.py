"""A model behind an endpoint of SageMaker: requests, answers and refusals, by botocore's own stub of the service."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from refi_assets.errors import ModelError
from refi_assets.ml.sagemaker import SageMakerModel

TABLE = {
    "income": np.array([40_000.5, np.nan]),
    "work": np.array(['full,"time"', None], dtype=object),
}


@contextmanager
def endpoint() -> Iterator[tuple[SageMakerModel, Stubber]]:
    """A model whose client answers as the stub is told, and fails at any request that it does not expect."""
    client = boto3.client(
        "sagemaker-runtime", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stub:
        yield SageMakerModel("default-risk", client), stub
        stub.assert_no_pending_responses()


def add_answer(stub: Stubber, body: bytes, answer: str) -> None:
    stream = StreamingBody(io.BytesIO(answer.encode()), len(answer.encode()))
    request = {"EndpointName": "default-risk", "ContentType": "text/csv", "Accept": "text/csv", "Body": body}
    stub.add_response("invoke_endpoint", {"Body": stream}, request)


@pytest.mark.parametrize("answer", ["0.25\n0.5\n", "0.25,0.5", "0.25\r\n0.5", " 0.25, 0.5 "])
def test_rows_are_sent_as_csv_and_answers_of_both_forms_are_read(answer: str) -> None:
    """SageMaker's XGBoost separates by commas, its Linear Learner by line breaks."""
    with endpoint() as (model, stub):
        add_answer(stub, b'40000.5,"full,""time"""\n,\n', answer)
        assert model.probabilities(TABLE).tolist() == [0.25, 0.5]


def test_a_missing_value_of_the_only_column_is_still_a_row() -> None:
    with endpoint() as (model, stub):
        add_answer(stub, b'""\n1.0\n', "0.5\n0.75")
        assert model.probabilities({"income": np.array([np.nan, 1])}).tolist() == [0.5, 0.75]


def test_many_rows_are_sent_in_batches_and_come_back_in_order() -> None:
    rows = np.arange(12_000, dtype=np.float64)
    with endpoint() as (model, stub):
        for batch in (rows[:5_000], rows[5_000:10_000], rows[10_000:]):
            body = "".join(f"{number}\n" for number in batch.tolist())
            add_answer(stub, body.encode(), ",".join(f"{number / 12_000}" for number in batch.tolist()))
        assert model.probabilities({"number": rows}).tolist() == (rows / 12_000).tolist()


def test_rows_with_long_texts_are_sent_in_smaller_batches() -> None:
    texts = np.array(["x" * 2_000_000] * 3, dtype=object)
    with endpoint() as (model, stub):
        add_answer(stub, b"x" * 2_000_000 + b"\n" + b"x" * 2_000_000 + b"\n", "0,1")
        add_answer(stub, b"x" * 2_000_000 + b"\n", "0.5")
        assert model.probabilities({"text": texts}).tolist() == [0, 1, 0.5]


def test_no_row_is_no_request() -> None:
    with endpoint() as (model, _):
        assert model.probabilities({"income": np.empty(0)}).tolist() == []


@pytest.mark.parametrize("answer", ["<html>", "0.5", "0.5,nan", "0.5,1.5", "0.5,-0.5", "0.5 0.5 0.5", ""])
def test_an_answer_that_is_not_one_probability_a_row_is_refused(answer: str) -> None:
    with endpoint() as (model, stub):
        add_answer(stub, b'40000.5,"full,""time"""\n,\n', answer)
        with pytest.raises(ModelError) as refused:
            model.probabilities(TABLE)
    assert str(refused.value) == (
        "SageMaker endpoint default-risk: its answer to 2 rows is not 2 numbers from 0 to 1. It must answer text/csv "
        "with one probability for each row."
    )


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        ("ValidationError", "Endpoint default-risk of account 123456789012 not found.", 400),
        ("ThrottlingException", "Rate exceeded", 400),
        ("ModelError", 'Received client error (422) from primary with message "…"', 424),
    ],
)
def test_a_refusal_is_in_the_words_of_aws(code: str, message: str, status: int) -> None:
    with endpoint() as (model, stub):
        stub.add_client_error("invoke_endpoint", code, message, http_status_code=status)
        with pytest.raises(ModelError) as refused:
            model.probabilities(TABLE)
    assert str(refused.value) == f"SageMaker endpoint default-risk: {code}: {message.rstrip('.')}."


@pytest.mark.parametrize("name", ["", "default_risk", "-a", "a-", "a" * 64, "a/b"])
def test_a_name_that_no_endpoint_can_have_is_refused(name: Any) -> None:
    with pytest.raises(ModelError, match="is not a valid name of a SageMaker endpoint"):
        SageMakerModel(name)
