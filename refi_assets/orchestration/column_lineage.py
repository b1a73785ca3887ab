"""Column lineage in Dagster's terms."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from refi_assets.lake import Relation
from refi_assets.lineage.columns import asset_of
from refi_assets.specs.python_relations import python_relations
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
    declared = python_relations().get(model.name)
    schema = {relation.name: relation.columns for relation in inputs}
    made_from = model.column_lineage(schema) if declared is None else declared.sources
    return {column: [(asset_of(relation), name) for relation, name in pairs] for column, pairs in made_from.items()}
