-- duckdb, trino, athena, spark
SELECT
  payout.borrower_id,
  payout.as_of,
  payout.event_id,
  CASE
    WHEN payout.payout >= CAST('2000.00' AS DECIMAL(18, 2))
    AND payout.payouts_before >= CAST('10' AS BIGINT)
    AND payout.payout * payout.payouts_before > payout.total_before * CAST('12' AS DECIMAL(12, 6))
    THEN 'payout_amount'
  END AS rule
FROM risk.payout AS payout;
