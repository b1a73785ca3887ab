-- duckdb, trino, athena, spark
WITH reported AS (
  SELECT
    velocity.borrower_id,
    velocity.as_of,
    velocity.rule,
    velocity.event_id
  FROM (
    SELECT
      payout.borrower_id,
      payout.as_of,
      payout.event_id,
      CASE
        WHEN payout.event_time <= payout.burst_since + CAST('60' AS BIGINT) * INTERVAL '1' MINUTE
        THEN 'payout_velocity'
      END AS rule
    FROM risk.payout AS payout
  ) AS velocity
  WHERE
    NOT velocity.rule IS NULL
  UNION ALL
  SELECT
    amount.borrower_id,
    amount.as_of,
    amount.rule,
    amount.event_id
  FROM (
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
    FROM risk.payout AS payout
  ) AS amount
  WHERE
    NOT amount.rule IS NULL
  UNION ALL
  SELECT
    payee.borrower_id,
    payee.as_of,
    payee.rule,
    payee.event_id
  FROM (
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
    FROM risk.payout AS payout
  ) AS payee
  WHERE
    NOT payee.rule IS NULL
)
SELECT
  reported.borrower_id,
  reported.as_of,
  reported.rule,
  reported.event_id,
  payout.event_time,
  payout.payout
FROM reported
INNER JOIN risk.payout AS payout
  ON payout.borrower_id = reported.borrower_id
  AND payout.as_of = reported.as_of
  AND payout.event_id = reported.event_id;
