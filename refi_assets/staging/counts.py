"""All counts of a staged source, from the tables that the steps before left in the session."""

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.ingestion.details import StagedCounts
from refi_assets.staging.causes import causes_of_quarantine
from refi_assets.staging.cell_sql import EMPTY, INVISIBLE
from refi_assets.staging.keys import thing_names
from refi_assets.staging.profile import medians_by_file, profiles_of, shared_values
from refi_assets.staging.source_rows import SourceRows


class Staged(StagedCounts):
    """A staged source. rows = accepted + the sum of quarantined; a check compares them.

    `deleted` rows of the first file do not count; `added` rows were written to the second. `constants` are the columns
    that were not written, since no file has them, with their values. `grain`: columns that are unique together among
    the accepted rows, if every file has them.
    """

    rows: int
    accepted: int
    deleted: int
    added: int
    constants: dict[str, str | None]
    grain: tuple[str, ...]


def count_staged(source: SourceRows, deleted: int = 0, added: int = 0) -> Staged:
    """All counts of the source. Raises EngineError."""
    session, contract = source.session, source.contract
    accepted = session.value("SELECT COUNT(*) FROM accepted")
    # Every row that is not a suspect has a key of its own.
    suspects, suspect_keys = session.execute(
        "SELECT COUNT(*), COUNT(DISTINCT (thing, party)) FROM suspect ANTI JOIN rejected USING (position)"
    )[0]
    keys = accepted - suspects + suspect_keys
    grains = {tuple(column.name for column in contract.key(columns)) for columns in source.columns_of_files}
    quarantined = session.execute("SELECT reason, COUNT(*) FROM quarantined GROUP BY reason ORDER BY reason")
    thing = thing_names(contract, source.columns_of_files[0])
    nulled, emptied, invisible = _counts_of_notes(source)
    return Staged(
        rows=sum(file.rows for file in source.files),
        accepted=accepted,
        deleted=deleted,
        added=added,
        constants=source.constants,
        grain=grains.pop() if len(grains) == 1 and keys == accepted else (),
        quarantined=dict(quarantined),
        nulled=nulled,
        emptied=emptied,
        invisible=invisible,
        keys=keys,
        quarantined_keys=_quarantined_keys(source),
        profiles=profiles_of(session, contract, source.file_columns),
        file_medians=medians_by_file(session, contract, source.file_columns),
        shared=shared_values(session, contract, source.file_columns),
        causes=causes_of_quarantine(session, thing, contract.file_format) if quarantined else (),
    )


def _counts_of_notes(source: SourceRows) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, int]]:
    """Cells that became null, by column; that read as empty, by column and word; with invisible characters."""
    not_null = ", ".join(text_literal(column.name) for column in source.contract.columns if column.not_null)
    is_empty = f"kind = {text_literal(EMPTY)}"
    nulled: dict[str, int] = {}
    emptied: dict[str, dict[str, int]] = {}
    invisible: dict[str, int] = {}
    for name, kind, word, cells in source.session.execute(
        f"SELECT name, kind, CASE WHEN {is_empty} THEN cell END AS word, COUNT(*) FROM note "
        f"WHERE position NOT IN (FROM rejected) OR ({is_empty} AND name IN ({not_null})) GROUP BY ALL ORDER BY ALL"
    ):
        if kind == EMPTY:
            emptied.setdefault(name, {})[word] = cells
        elif kind == INVISIBLE:
            invisible[name] = cells
        else:
            nulled[name] = nulled.get(name, 0) + cells
    return nulled, emptied, invisible


def _quarantined_keys(source: SourceRows) -> tuple[str, ...]:
    names = dict.fromkeys(source.contract.key(columns)[0].name for columns in source.columns_of_files)
    key = ", ".join(f"cell(original_cells ->> {text_literal(name)})" for name in names)
    keys = source.session.execute(
        f"SELECT DISTINCT COALESCE({key}) AS key FROM quarantined "
        "WHERE original_cells IS NOT NULL AND key IS NOT NULL ORDER BY key LIMIT 10"
    )
    return tuple(key for (key,) in keys)
