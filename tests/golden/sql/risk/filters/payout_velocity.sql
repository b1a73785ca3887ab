-- duckdb, trino, athena, spark
SELECT
  payout.borrower_id,
  payout.as_of,
  payout.event_id,
  CASE
    WHEN payout.event_time <= payout.burst_since + CAST('60' AS BIGINT) * INTERVAL '1' MINUTE
    THEN 'payout_velocity'
  END AS rule
FROM risk.payout AS payout;
