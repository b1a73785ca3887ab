"""Column lineage in Dagster's terms."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from refi_assets.lake import Relation
from refi_assets.specs.python_relations import python_relations
from refi_assets.specs.sql_models import SqlModel


def column_lineage(columns: Mapping[str, Sequence[tuple[str, str]]]) -> dg.TableColumnLineage:
    """Dagster's form of output column -> (asset key, column) pairs."""
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(key.split("/")), column_name=name) for key, name in pairs]
            for column, pairs in columns.items()
        }
    )


def column_sources(model: SqlModel, inputs: Iterable[Relation]) -> dict[str, list[tuple[str, str]]]:
    """Output column of a model -> the (asset key, column) pairs it is directly derived from."""
    if (declared := python_relations().get(model.key)) is not None:
        return declared.sources
    return model.column_lineage({relation.key: relation.columns for relation in inputs})
