-- duckdb, trino, athena, spark
SELECT
  payout.borrower_id,
  payout.as_of,
  payout.event_id,
  CASE
    WHEN payout.payout >= CAST('3000.00' AS DECIMAL(18, 2))
    AND payout.payouts_before >= CAST('10' AS BIGINT)
    AND payout.payout * payout.payouts_before > payout.total_before * CAST('3' AS DECIMAL(12, 6))
    AND payout.event_time > payout.payee_since
    AND payout.event_time <= payout.payee_since + CAST('24' AS BIGINT) * INTERVAL '1' HOUR
    THEN 'payout_to_new_payee'
  END AS rule
FROM risk.payout AS payout;
