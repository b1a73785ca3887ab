"""Functions of this package as tasks of Spark, each on its own, and a comparison of the numbers that they return.

The package, and the packages that a function imports, must be installed on the executors. What the functions do is
unknown here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from refi_assets.engines.spark_session import spark_session
from refi_assets.errors import EngineError, RefiError, type_and_place

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

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
        context = spark_session().sparkContext
        with _one_job(names):
            outcomes = context.parallelize(list(names), len(names)).map(partial(_outcome, task)).collect()
        results = []
        for outcome in outcomes:
            if isinstance(outcome, RefiError):
                raise outcome
            results.append(outcome)
        return results

    def repeated_numbers(self, task: "Callable[[int], NumberArray]", names: Mapping[int, str]) -> "NumberArray":
        """See Tasks."""
        batches = partial(_batches, task, list(names))
        with _one_job(names):
            numbers = spark_session().range(0, len(names), 1, len(names)).mapInArrow(batches, "number BIGINT")
            repeated = numbers.groupBy("number").count().where("count > 1").select("number").toArrow()
        array: NumberArray = repeated.column("number").to_numpy()
        return array


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


@contextmanager
def _one_job(names: Mapping[int, str]) -> Iterator[None]:
    """Cancel the jobs of this block if it is interrupted; name the task by which one failed."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    context, tag = spark_session().sparkContext, f"refi-{uuid4()}"
    context.addJobTag(tag)
    try:
        yield
    except (Py4JError, PySparkException) as error:
        raise EngineError(_reason(str(error), names)) from None
    except BaseException:
        context.cancelJobsWithTag(tag)
        raise
    finally:
        context.removeJobTag(tag)


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
