"""A snapshot's events as a file that is mapped into memory: those of some borrowers are found by their places.

A scan of the Parquet file takes as long for a hundred borrowers as for all. The file is of this process alone.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from refi_assets.engines.duckdb import DuckDBSession

if TYPE_CHECKING:
    import pyarrow as pa

Names = npt.NDArray[np.bytes_]


class MappedEvents:
    """Events in the order of their borrowers."""

    def __init__(self, session: DuckDBSession, query: str, path: Path, rows_a_block: int = 1 << 20) -> None:
        """Write the rows of a query (in DuckDB's own SQL) on events, which are sorted by borrower_id, to a file."""
        import pyarrow as pa
        import pyarrow.compute as pc

        path.unlink(missing_ok=True)  # the file of another snapshot may be mapped still
        reader = session.connection.execute(query).to_arrow_reader(rows_a_block)
        ids, firsts, rows = [np.empty(0, "S1")], [np.empty(0, np.int64)], 0
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, reader.schema) as writer:
            for block in reader:
                writer.write_batch(block)
                of_row = block.column("borrower_id")
                changes = pc.not_equal(of_row[1:], of_row[:-1]).to_numpy(zero_copy_only=False)
                first = np.append(np.zeros(min(1, block.num_rows), np.int64), np.flatnonzero(changes) + 1)
                ids.append(_as_bytes(of_row.take(pa.array(first))))
                firsts.append(first + rows)
                rows += block.num_rows
        opened = pa.ipc.open_file(pa.memory_map(str(path)))
        self._schema = opened.schema
        self._blocks = [opened.get_batch(number) for number in range(opened.num_record_batches)]
        self._starts = np.cumsum([0, *(block.num_rows for block in self._blocks)])
        self._ids, self._firsts = np.concatenate(ids), np.append(np.concatenate(firsts), rows)

    def of(self, borrower_ids: "pa.Array") -> "pa.Table":
        """The events of borrowers, each of whom is named once."""
        import pyarrow as pa

        names = np.sort(_as_bytes(borrower_ids))
        # A borrower whose events are in two blocks has two places.
        low, high = np.searchsorted(self._ids, names, "left"), np.searchsorted(self._ids, names, "right")
        first, counts = self._firsts[low], self._firsts[high] - self._firsts[low]
        places = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        cuts = np.searchsorted(places, self._starts)
        parts = [
            block.take(pa.array(places[start:end] - offset))
            for block, offset, start, end in zip(self._blocks, self._starts[:-1], cuts[:-1], cuts[1:], strict=True)
            if start < end
        ]
        return pa.Table.from_batches(parts, self._schema)


def _as_bytes(borrower_ids: "pa.Array") -> Names:
    return np.array([name.encode() for name in borrower_ids.to_pylist()], dtype="S")
