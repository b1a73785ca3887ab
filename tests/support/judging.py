"""The models of sql/refi on staged rows, from the offers to the audience, in a database of their own.

A test says of a row what matters; the rest is as in PLAIN. Rows may be those that tests.support.sources staged.
"""

from typing import Any

import duckdb

from refi_assets.refi.policy import load_refi_policy
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.contracts import contracts_of
from refi_assets.specs.sql_models import SqlModel, load_sql_models

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
    """What becomes of these rows under a policy; a row that is not named is PLAIN's.

    `persons` says which borrowers are one person, by borrower_id; of the others each is a person.
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
        shipped = load_refi_policy(PROJECT_DIR / "policies" / "refi" / "refi.yaml")
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
        """Columns of a relation, in order; of one column, its values."""
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
        """What the measures count of a relation."""
        sql = load_sql_models()[f"refi/measures/{relation}"].bind(self._parameters).sql("duckdb")
        return dict(self._connection.execute(sql).fetchall())
