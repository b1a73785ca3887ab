"""The models of sql/refi on staged rows, from the offers to the audience, in a separate database.

A test gives the cells that matter; the others are those of PLAIN. Rows may come from tests.support.sources.
"""

from typing import Any

import duckdb

from refi_assets.refi.policy import load_refi_policy
from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.sql_models import SqlModel, load_sql_models
from tests.support.policy_files import SHIPPED_POLICY

Row = dict[str, Any]

PLAIN: dict[str, Row] = {
    "borrower_information": {"borrower_id": "B1", "first_name": "Ada", "last_name": "Byron", "property_id": "P1"},
    "loan_information": {"loan_id": "L1", "borrower_id": "B1", "current_interest_rate": "6.5"},
    "market_equity": {
        **{"property_id": "P1", "offered_by": "own", "market_rate_offer": "5", "ltv_ratio": "70"},
        "monthly_savings_est": "100",
    },
    "borrower_engagement": {"borrower_id": "B1", "sms_opt_in": True},
}
MODELS = ("judged_offer", "unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience")


class Refi:
    """The relations derived from these rows under a policy; a source without rows has PLAIN's row.

    `persons` maps borrower_id to the person; each other borrower is a person of their own.
    """

    def __init__(self, persons: dict[str, str] | None = None, policy: Row | None = None, **rows: list[Row]) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("CREATE SCHEMA staging; CREATE SCHEMA refi; CREATE SCHEMA identity")
        for source, contract in contracts_of("refi").items():
            columns = ", ".join(f'"{name}" {kind}' for name, kind in contract.sql_types.items())
            self._connection.execute(f"CREATE TABLE staging.{source} ({columns})")
            for row in rows.get(source, [{}]):
                cells = PLAIN[source] | row
                names, marks = ", ".join(cells), ", ".join("?" for _ in cells)
                self._connection.execute(f"INSERT INTO staging.{source} ({names}) VALUES ({marks})", [*cells.values()])
        shipped = load_refi_policy(SHIPPED_POLICY)
        values = shipped.model_dump(mode="json")
        values["eligibility"] |= policy or {}
        self._parameters = type(shipped).model_validate(values).parameters
        self._create(load_sql_models()["identity/resolved_borrower"])
        for borrower, person in (persons or {}).items():
            self._connection.execute(
                "UPDATE identity.resolved_borrower SET person_id = ? WHERE borrower_id = ?", [person, borrower]
            )
        self._connection.execute(
            "UPDATE identity.resolved_borrower AS one SET cluster_size = (SELECT COUNT(*) "
            "FROM identity.resolved_borrower AS other WHERE other.person_id = one.person_id)"
        )
        for name in MODELS:
            self._create(load_sql_models()[f"refi/{name}"])

    def _create(self, model: SqlModel) -> None:
        sql = model.bind(self._parameters).sql("duckdb")
        self._connection.execute(f"CREATE TABLE {model.key.replace('/', '.')} AS {sql}")

    def rows(self, relation: str, columns: str) -> list[Any]:
        """The rows of a relation with these columns, sorted; the values if it is one column."""
        rows = self._connection.execute(f"SELECT {columns} FROM refi.{relation} ORDER BY ALL").fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    @property
    def reasons(self) -> list[str]:
        """Why the one loan is not eligible."""
        ((is_eligible, reasons),) = self.rows("refi_eligibility", "is_eligible, ineligibility_reasons")
        assert is_eligible is (reasons == [])
        return list(reasons)

    @property
    def audience(self) -> list[str]:
        """The borrowers in the audience."""
        return self.rows("refi_audience", "borrower_id")

    def measured(self, relation: str) -> dict[str, int]:
        """The counts of a relation's measures."""
        sql = load_sql_models()[f"refi/measures/{relation}"].bind(self._parameters).sql("duckdb")
        return dict(self._connection.execute(sql).fetchall())
