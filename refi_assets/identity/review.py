"""Pairs that only people may link, such as father and son of one name, or sisters of one home.

review.sql says which pairs these are. The decisions of people are in decisions.py.
"""

from pathlib import Path

from duckdb import DuckDBPyConnection

from refi_assets.specs.sql_steps import load_steps

MACROS = Path(__file__).with_name("review.sql")


def add_review_reasons(connection: DuckDBPyConnection, share_of_wrong_surnames: float = 0.0) -> None:
    """Create the table `pair` from the tables `compared_pair` (record_1, record_2, evidence, …) and `feature`.

    It adds a column review_reason, null for most pairs, and adds the reason to the evidence. The share is of the pairs
    of one person, by the model; 0 if there is none.
    """
    connection.execute(MACROS.read_text(encoding="utf-8"))
    parameters = {"share_of_wrong_surnames": share_of_wrong_surnames}
    connection.execute(load_steps("identity")["pairs_with_reasons"], parameters)
