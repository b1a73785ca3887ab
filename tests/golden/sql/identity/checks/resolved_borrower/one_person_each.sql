-- duckdb, trino, athena, spark
WITH counted AS (
  SELECT
    borrower.borrower_id,
    1 AS to_be_found
  FROM staging.borrower_information AS borrower
  UNION ALL
  SELECT
    resolved.borrower_id,
    -1 AS to_be_found
  FROM identity.resolved_borrower AS resolved
)
SELECT
  counted.borrower_id
FROM counted
GROUP BY
  counted.borrower_id
HAVING
  SUM(counted.to_be_found) <> 0;
