"""Column lineage in Dagster's terms."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from refi_assets.lake import Relation
from refi_assets.lineage.columns import asset_of
from refi_assets.specs.sql_models import SqlModel


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


def column_sources(model: SqlModel, inputs: Iterable[Relation]) -> dict[str, list[tuple[str, str]]]:
    """Output column of a model -> the (asset key, column) pairs it is computed from, in one step."""
    schema = {relation.name: relation.columns for relation in inputs}
    return {
        column: [(asset_of(relation), name) for relation, name in pairs]
        for column, pairs in model.column_lineage(schema).items()
    }
