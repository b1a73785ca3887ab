-- duckdb, trino, athena, spark
SELECT
  known.loan_id
FROM offers.loan_outcomes AS known
WHERE
  known.outcome_known_on <= known.decided_on;
