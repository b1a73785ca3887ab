"""Column lineage in Dagster's terms."""

from collections.abc import Mapping, Sequence

import dagster as dg


def column_lineage(columns: Mapping[str, Sequence[tuple[str, str]]]) -> dg.TableColumnLineage:
    """Output column -> (asset key, column) pairs, as Dagster shows it."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey(key.split("/")), column_name=name) for key, name in sources
            ]
            for column, sources in columns.items()
        }
    )
