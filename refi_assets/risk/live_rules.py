"""The rules on scores and payouts in a DuckDB database in memory, by the very SQL files of the runs over files."""

import duckdb

from refi_assets.engines.duckdb_sql import to_duckdb
from refi_assets.risk.policy import RiskPolicy
from refi_assets.specs.sql_models import load_sql_models

PAYOUT, HIGH_RISK, POSSIBLE_FRAUD = "risk/payout", "risk/high_risk", "risk/possible_fraud"


class LiveRules:
    """Applies the rules on a connection that has the tables of LiveFeatures, and these:

    risk.features (as LiveFeatures makes it), risk.scores (borrower_id, as_of, probability), and risk.scores_before
    (borrower_id, as_of, probability), the newest score of an earlier day of each borrower, if there is one.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, policy: RiskPolicy) -> None:
        """Prepare the statements, with the numbers of the policy."""
        self._connection = connection
        models = load_sql_models()
        self._statements = [
            f"CREATE OR REPLACE TABLE {key.replace('/', '.')} AS {to_duckdb(models[key].bind(policy.parameters))}"
            for key in (PAYOUT, POSSIBLE_FRAUD, HIGH_RISK)
        ]

    def apply(self) -> None:
        """Make the tables risk.high_risk and risk.possible_fraud, as their SQL files describe them.

        Raises duckdb.Error.
        """
        for statement in self._statements:
            self._connection.execute(statement)
