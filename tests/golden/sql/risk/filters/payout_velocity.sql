-- duckdb, trino, athena, spark
SELECT
  payout.borrower_id,
  payout.as_of,
  payout.event_id,
  CASE WHEN payout.payouts_of_burst >= CAST('8' AS BIGINT) THEN 'payout_velocity' END AS rule
FROM risk.payout AS payout;
