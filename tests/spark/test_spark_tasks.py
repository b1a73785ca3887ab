"""Functions as tasks of Spark: results and errors, lost workers, and numbers compared in a shuffle.

The functions are made in the tests, so that Spark sends them to its workers as code.
"""

import os
import signal
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from refi_assets.engines.spark_tasks import SparkTasks
from refi_assets.errors import EngineError, SourceError
from tests.support.agreement import require_same_spread
from tests.support.sources import Sources, market_csv

pytestmark = pytest.mark.usefixtures("spark")

NAMES = {3: "c.csv", 1: "a.csv"}


def test_results_are_in_the_order_of_the_numbers_and_come_from_other_processes() -> None:
    results = SparkTasks().run(lambda number: (number * number, os.getpid()), NAMES)
    assert [square for square, _ in results] == [9, 1]
    assert os.getpid() not in {process for _, process in results}
    assert SparkTasks().run(lambda number: number, {}) == []


def test_an_error_for_users_comes_back_as_it_is() -> None:
    def refuse(number: int) -> int:
        if number == 1:
            raise SourceError("a.csv: the file is empty.")
        return number

    with pytest.raises(SourceError, match=r"^a\.csv: the file is empty\.$"):
        SparkTasks().run(refuse, NAMES)


def test_any_other_error_names_the_file_and_quotes_nothing() -> None:
    def fail(number: int) -> int:
        if number == 1:
            raise ValueError("Ada Byron")
        return number

    with pytest.raises(EngineError, match=r"^a\.csv: its task on Spark failed: ValueError") as failed:
        SparkTasks().run(fail, NAMES)
    assert "Byron" not in str(failed.value)


def test_a_killed_worker_is_reported_by_the_file_on_which_it_was_lost() -> None:
    def die(number: int) -> int:
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(EngineError, match=r"^a\.csv: its task on Spark was lost 1 times"):
        SparkTasks().run(die, NAMES)
    assert SparkTasks().run(lambda number: number, NAMES) == [3, 1], "the next job has new workers"


def test_executors_without_the_package_are_reported() -> None:
    class Elsewhere:
        def __call__(self, number: int) -> int:
            return number

        def __reduce__(self) -> tuple[object, ...]:
            return import_module, ("not_installed_there",)

    with pytest.raises(EngineError, match="executors cannot import not_installed_there"):
        SparkTasks().run(Elsewhere(), NAMES)


def test_numbers_that_several_tasks_or_one_return_twice_are_found() -> None:
    numbers = {3: [7, 7, -5, 2**62, 1], 1: [], 2: [-5, 2, 2**62], 4: [3, 2, 2]}

    def of_task(number: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.array(numbers[number], dtype=np.int64)

    repeated = SparkTasks().shared_numbers(of_task, {number: f"{number}.csv" for number in numbers})
    assert sorted(repeated.tolist()) == [-5, 2, 7, 2**62]


def test_a_task_of_a_comparison_that_fails_names_the_file() -> None:
    def refuse(number: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        raise SourceError("the file is empty")

    with pytest.raises(EngineError, match=r"^c\.csv: its task on Spark failed: the file is empty\.$"):
        SparkTasks().shared_numbers(refuse, {3: "c.csv"})


def test_files_are_staged_on_spark_as_in_one_session(sources: Sources) -> None:
    rows = ["P1,5,70,10", "P2,$5,70,10", "bad", "P1,5,70,10", "P3,5,,10", "P4,5,70,1", "P4,5,70,2", "P5,5,70,n/a"]
    files = {f"{part}.csv": market_csv(*rows[part::3]) for part in range(3)}
    staged = require_same_spread(sources, SparkTasks(), "market_equity", files)
    assert sorted(staged.column("property_id")) == ["P1", "P3", "P5"]
    assert staged.counts.quarantined == {
        **{"conflicting_key": 2, "duplicate_row": 1, "malformed_row": 1, "not_a_number": 1},
    }


def test_a_damaged_file_stops_staging_by_name_and_leaves_no_parts(sources: Sources) -> None:
    folder = sources.new_folder({"market_equity/a.csv": market_csv("P1,5,70,10"), "market_equity/b.csv": market_csv()})
    files, run = sources.scan("market_equity", folder)
    Path(sources.lake.url(files[1].read_key)).unlink()
    with pytest.raises(EngineError, match=r"b\.csv"):
        sources.spread_scanned(SparkTasks(), "market_equity", files, run)
    assert not list(sources.lake.objects(run.key("staging/market_equity", ".parts")))
