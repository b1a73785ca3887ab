-- duckdb, trino, athena, spark
WITH counted AS (
  SELECT
    dataset.borrower_id,
    1 AS to_be_judged
  FROM refi.unified_refi_dataset AS dataset
  UNION ALL
  SELECT
    eligibility.borrower_id,
    -1 AS to_be_judged
  FROM refi.refi_eligibility AS eligibility
)
SELECT
  counted.borrower_id
FROM counted
GROUP BY
  counted.borrower_id
HAVING
  SUM(counted.to_be_judged) <> 0;
