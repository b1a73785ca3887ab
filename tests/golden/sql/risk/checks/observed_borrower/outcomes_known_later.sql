-- duckdb, trino, athena, spark
SELECT
  known.borrower_id,
  known.observed_on
FROM risk.observed_borrower AS known
WHERE
  known.outcome_known_on <= known.observed_on;
