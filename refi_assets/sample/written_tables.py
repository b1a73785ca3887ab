"""Tables of generated source files, written as CSV from arrays."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Columns = dict[str, Array]  # of one length


def write_table(path: Path, columns: Mapping[str, Array], *, append: bool = False) -> None:
    """Write columns of one length to a CSV file, or append them to one that has the same columns.

    Numbers are written in the fewest digits that read as the same number; NaN and NaT are empty cells.
    """
    with path.open("a" if append else "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if not append:
            writer.writerow(columns)
        writer.writerows(zip(*map(_cells, columns.values()), strict=True))


def _cells(values: Array) -> list[Any]:
    if values.dtype.kind == "M":
        return ["" if day == "NaT" else day for day in np.datetime_as_string(values, unit="D").tolist()]
    if values.dtype.kind == "f":
        return ["" if math.isnan(number) else number for number in values.tolist()]
    cells: list[Any] = values.tolist()
    return cells
