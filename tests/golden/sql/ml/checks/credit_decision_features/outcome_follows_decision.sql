-- duckdb, trino, athena, spark
SELECT
  known.decision_id
FROM ml.credit_decision_features AS known
INNER JOIN staging.credit_decision AS decision
  ON decision.decision_id = known.decision_id
WHERE
  decision.outcome_known_on <= known.decided_on;
