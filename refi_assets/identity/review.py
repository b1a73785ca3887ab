"""Pairs that only people may link, such as father and son of one name, or sisters of one home.

Which pairs these are is said in review.sql. What people decide is in decisions.py.
"""

from pathlib import Path

from duckdb import DuckDBPyConnection

SQL = Path(__file__).with_name("review.sql")


def add_review_reasons(connection: DuckDBPyConnection, pairs: str, share_of_wrong_surnames: float = 0.0) -> None:
    """Make the table `pair` of a table of pairs (record_1, record_2, evidence, …) and the table `feature`.

    It has a column more, review_reason, null for most pairs; the evidence names the reason, too. The share is of pairs
    of one person, as far as it is known.
    """
    connection.execute(SQL.read_text(encoding="utf-8"))
    connection.execute(
        "CREATE TABLE pair AS SELECT pair.* REPLACE (CASE WHEN review_reason IS NULL THEN evidence ELSE "
        "CAST(JSON_MERGE_PATCH(evidence, JSON_OBJECT('review', JSON_OBJECT('level', review_reason, 'weight', 0))) "
        f"AS VARCHAR) END AS evidence), review_reason FROM {pairs} AS pair "
        f"JOIN review_reasons('{pairs}', {share_of_wrong_surnames}) USING (record_1, record_2)"
    )
