"""Column lineage in Dagster's terms."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from refi_assets.answers.lineage import asset_of
from refi_assets.lake import Relation
from refi_assets.sql_models import SqlModel


def column_lineage(columns: Mapping[str, Sequence[tuple[Sequence[str], str]]]) -> dg.TableColumnLineage:
    """Output column -> (asset key, column) pairs, as Dagster shows it."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(list(key)), column_name=name) for key, name in sources]
            for column, sources in columns.items()
        }
    )


def sql_column_lineage(model: SqlModel, inputs: Iterable[Relation]) -> dg.TableColumnLineage:
    """What each column of a model is computed from, in one step."""
    schema = {relation.name: relation.columns for relation in inputs}
    sources = model.column_lineage(schema).items()
    return column_lineage(
        {column: [(asset_of(relation).split("/"), name) for relation, name in pairs] for column, pairs in sources}
    )
