-- duckdb, trino, athena
WITH counted AS (
  SELECT
    audience.person_id,
    MIN(audience.borrower_id) AS borrower_id
  FROM refi_audience AS audience
  GROUP BY
    audience.person_id
  HAVING
    COUNT(*) > 1
)
SELECT
  counted.borrower_id
FROM counted;
