"""Functions of this package as tasks of Spark, each on its own, and a comparison of the numbers that they return.

The package, and the packages that a function imports, must be installed on the executors. What the functions do is
unknown here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import uuid4

from refi_assets.engines.spark_session import run_spark_job
from refi_assets.errors import EngineError, RefiError, type_and_place

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyspark.sql import SparkSession

    from refi_assets.engines.duckdb import NumberArray

T = TypeVar("T")

_NUMBERS_AT_ONCE = 1 << 20  # between Python and Java
_FAILED = "Failed task"


class SparkTasks:
    """Tasks in this process's Spark session. See Tasks."""

    def run(self, task: Callable[[int], T], names: Mapping[int, str]) -> list[T]:
        """See Tasks."""
        if not names:
            return []
        numbers, outcome_of = list(names), partial(_outcome, task)
        results = []
        for outcome in _run(
            names,
            lambda session: session.sparkContext.parallelize(numbers, len(numbers)).map(outcome_of).collect(),
        ):
            if isinstance(outcome, RefiError):
                raise outcome
            results.append(outcome)
        return results

    def shared_numbers(self, task: "Callable[[int], NumberArray]", names: Mapping[int, str]) -> "NumberArray":
        """See Tasks."""
        batches = partial(_batches, task, list(names))

        def repeated(session: "SparkSession") -> "NumberArray":
            numbers = session.range(0, len(names), 1, len(names)).mapInArrow(batches, "number BIGINT")
            rows = numbers.groupBy("number").count().where("count > 1").select("number").toArrow()
            return cast("NumberArray", rows.column("number").to_numpy())

        return _run(names, repeated)


def _outcome(task: Callable[[int], T], number: int) -> T | RefiError:
    """The result of a task, or its error if running it again would not help."""
    with _failures_of(number):
        try:
            return task(number)
        except RefiError as error:
            return error


def _batches(
    task: "Callable[[int], NumberArray]", numbers: list[int], places: "Iterator[pa.RecordBatch]"
) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    for batch in places:
        for place in batch.column(0).to_pylist():
            with _failures_of(numbers[place]):
                values = task(numbers[place])
            for first in range(0, len(values), _NUMBERS_AT_ONCE):
                part = pa.array(values[first : first + _NUMBERS_AT_ONCE], pa.int64())
                yield pa.RecordBatch.from_arrays([part], ["number"])


@contextmanager
def _failures_of(number: int) -> Iterator[None]:
    """Raise an error with the task's number, and without a text that may quote a cell: Spark logs it."""
    try:
        yield
    except RefiError as error:
        raise RuntimeError(f"{_FAILED} {number}: {' '.join(str(error).splitlines())}") from None
    except Exception as error:
        raise RuntimeError(f"{_FAILED} {number}: {type_and_place(error)}") from None


def _run(names: Mapping[int, str], action: "Callable[[SparkSession], T]") -> T:
    """Run a job of tasks; if it fails, name the task by which it did."""
    try:
        return run_spark_job(f"tasks-{uuid4()}", action)
    except Exception as error:
        from py4j.protocol import Py4JError  # after run_spark_job, which imports PySpark in one thread at a time
        from pyspark.errors import PySparkException

        if isinstance(error, Py4JError | PySparkException):
            raise EngineError(_reason(str(error), names)) from None
        raise


def _reason(message: str, names: Mapping[int, str]) -> str:
    """Why a job failed. Spark's message may quote whatever a task had in hand."""
    if failed := re.search(rf"{_FAILED} (\d+): ([^\n]+)", message):
        return f"{names[int(failed[1])]}: its task on Spark failed: {failed[2].rstrip('.')}."
    if missing := re.search(r"No module named '([\w.]+)'", message):
        return f"Spark's executors cannot import {missing[1]}. Install this package, with its dependencies, on them."
    if lost := re.search(r"Task (\d+) in stage \S+ failed (\d+) times", message):
        name = [*names.values()][int(lost[1])] if int(lost[1]) < len(names) else "a comparison"
        return (
            f"{name}: its task on Spark was lost {lost[2]} times, as if its process was killed. Give the executors "
            "more memory, or set a lower REFI_MEMORY_LIMIT, which each task may use."
        )
    return "Spark: a job failed. Its message is withheld because it may quote a cell; Spark's own log has it."
