-- duckdb, trino, athena, spark
WITH lost AS (
  SELECT DISTINCT
    borrower.borrower_id
  FROM staging.borrower_information AS borrower
  LEFT JOIN refi.unified_refi_dataset AS unified
    ON unified.borrower_id = borrower.borrower_id
  WHERE
    unified.borrower_id IS NULL
), with_loan AS (
  SELECT DISTINCT
    loan.borrower_id
  FROM lost
  INNER JOIN staging.loan_information AS loan
    ON loan.borrower_id = lost.borrower_id
), with_others_offer AS (
  SELECT DISTINCT
    offer.borrower_id
  FROM lost
  INNER JOIN refi.judged_offer AS offer
    ON offer.borrower_id = lost.borrower_id
  WHERE
    NOT offer.is_own
)
SELECT
  lost.borrower_id,
  CASE
    WHEN with_loan.borrower_id IS NULL
    THEN 'no_loan'
    WHEN NOT with_others_offer.borrower_id IS NULL
    THEN 'no_own_offer'
    ELSE 'no_market_data'
  END AS reason
FROM lost
LEFT JOIN with_loan
  ON with_loan.borrower_id = lost.borrower_id
LEFT JOIN with_others_offer
  ON with_others_offer.borrower_id = lost.borrower_id;
