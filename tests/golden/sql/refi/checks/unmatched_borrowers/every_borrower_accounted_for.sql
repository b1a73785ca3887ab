-- duckdb, trino, athena, spark
WITH counted AS (
  SELECT
    borrower.borrower_id,
    1 AS to_be_found
  FROM staging.borrower_information AS borrower
  UNION ALL
  SELECT DISTINCT
    dataset.borrower_id,
    -1 AS to_be_found
  FROM refi.unified_refi_dataset AS dataset
  UNION ALL
  SELECT
    unmatched.borrower_id,
    -1 AS to_be_found
  FROM refi.unmatched_borrowers AS unmatched
)
SELECT
  counted.borrower_id
FROM counted
GROUP BY
  counted.borrower_id
HAVING
  SUM(counted.to_be_found) <> 0;
