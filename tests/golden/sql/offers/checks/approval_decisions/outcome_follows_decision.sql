-- duckdb, trino, athena, spark
SELECT
  known.application_id
FROM offers.approval_decisions AS known
WHERE
  known.outcome_known_on <= known.decided_on;
