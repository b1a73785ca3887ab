"""Tasks as another process runs them, without one: what goes in or out is pickled, and each task runs twice."""

import pickle
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from refi_assets.engines.duckdb import NumberArray

T = TypeVar("T")


class PickledTasks:
    """Tasks of which every first attempt is lost after it is done."""

    def run(self, task: Callable[[int], T], names: Mapping[int, str]) -> list[T]:
        """The results of the second attempts."""
        results = []
        for number in names:
            for _ in range(2):
                sent: Callable[[int], T] = pickle.loads(pickle.dumps(task))
                result: T = pickle.loads(pickle.dumps(sent(number)))
            results.append(result)
        return results

    def shared_numbers(self, task: "Callable[[int], NumberArray]", names: Mapping[int, str]) -> "NumberArray":
        """By NumPy's own counting."""
        numbers, counts = np.unique(np.concatenate(self.run(task, names)), return_counts=True)
        repeated: NumberArray = numbers[counts > 1]
        return repeated
