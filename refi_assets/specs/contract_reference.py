"""docs/contracts.md: every column of every source with its rules, from the contracts, and then the messages of topics.

`make docs` writes it. The guide explains the rules.
"""

from refi_assets.specs.columns import Column, Range, State
from refi_assets.specs.contracts import Contract, load_contracts
from refi_assets.specs.file_formats import CSV
from refi_assets.specs.topic_reference import topic_sections

MESSAGES_HEAD = """
# Messages of topics, field by field

Each message is a JSON object by its schema in contracts/.

"""
HEAD = """# Source files, column by column

This page is generated from contracts/ by `make docs`; do not edit it. The [guide](guide.md) explains the rules.

"""


def reference() -> str:
    """The page, as Markdown."""
    return HEAD + "\n".join(map(section, load_contracts().values())) + MESSAGES_HEAD + topic_sections()


def section(contract: Contract) -> str:
    """The section of one source."""
    due = "day" if contract.due_every_days == 1 else f"{contract.due_every_days} days"
    origin = "written by the platform itself" if contract.is_own_record else f"due every {due}"
    names = [column.name for column in contract.columns if column.is_key]
    key = names[0] if len(names) == 1 else f"those of {', '.join(names)} that the file has"
    lines = [
        f"## {contract.source}",
        "",
        f"{contract.description} Domain {contract.domain}, {origin}. Key: {key}."
        + (" A file may be a header alone." if contract.may_have_no_rows else "")
        + file_format_text(contract),
        "",
        "| Column | Type | File must have it | Rules | Meaning |",
        "|---|---|---|---|---|",
    ]
    for column in contract.columns:
        cells = (
            column.name,
            column.sql_type,
            "yes" if column.present else "",
            "; ".join(column_rules(column)),
            column.description,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def file_format_text(contract: Contract) -> str:
    """A sentence about the format of text files, if it is not plain CSV."""
    file_format = contract.file_format
    if file_format == CSV:
        return ""
    names = f"{', '.join(file_format.names)}: " if file_format.names else ""
    marks = ", ".join(file_format.null_marks)
    return f" Files: {names}text {file_format.description}{marks and f'; {marks} reads as empty'}."


def column_rules(column: Column) -> list[str]:
    """The rules of a column, in words."""
    share, outcome = column.shared_share, "sends the row to quarantine" if column.present else "becomes null"
    bounds = {
        "at least": column.minimum,
        "above": column.exclusive_minimum,
        "at most": column.maximum,
        "below": column.exclusive_maximum,
    }
    rules = [
        (column.name_in_file, f"in files: {column.name_in_file}"),
        (column.number, f"column {column.number} of a file"),
        (column.logical_type == "string", "trimmed"),
        (column.not_null, "must not be empty"),
        *((bound is not None, f"{name} {bound}") for name, bound in bounds.items()),
        (column.plausible, f"plausible: {_range(column.plausible)}"),
        (column.plausible_median, f"median: {_range(column.plausible_median)}"),
        (column.values, f"one of {', '.join(column.values)}"),
        (column.once, f"{column.once} at most once per key"),
        (column.is_party, "rows with the same key may differ in it"),
        (column.missing_words is not None, f"reads as empty: {', '.join(column.missing_words or ()) or 'nothing'}"),
        (column.missing_values, f"also reads as empty: {', '.join(column.missing_values)}"),
        (share, f"warning if {share and share.warn_at} % of the rows share a value"),
        (share, f"error if {share and share.block_at} % do"),
        *((True, state_rule(state)) for state in column.states),
        (column.date_format, f"2026-02-20 is written as {column.date_example}"),
        (column.two_digit_years_from, f"two digits of a year: {column.two_digit_years_from} or later"),
        (column.logical_type != "string", f"an invalid cell {outcome}"),
        (column.when_absent, f"if the column is missing: {column.when_absent}"),
        (column.consent, "consent: unknown means no"),
        (column.unit, f"unit: {column.unit}"),
        (column.personal, "personal"),
    ]
    return [rule for applies, rule in rules if applies]


def state_rule(state: State) -> str:
    """The name of a state, and the cells that mean it."""
    conditions = [*([f"at most {state.at_most:f}"] if state.at_most is not None else []), *state.words]
    return f"{state.name}: {', '.join(conditions)}"


def _range(bounds: Range | None) -> str:
    if bounds is None:
        return ""
    return f"{bounds.minimum:f} to {bounds.maximum:f}" + "".join(f" or {number:f}" for number in bounds.also)


if __name__ == "__main__":
    print(reference(), end="")
