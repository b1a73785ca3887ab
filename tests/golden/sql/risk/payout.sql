-- duckdb
WITH paying AS (
  SELECT DISTINCT
    features.borrower_id,
    features.as_of
  FROM risk.features AS features
  INNER JOIN risk.events AS event
    ON event.borrower_id = features.borrower_id
    AND CAST(event.received_at AS DATE) = features.as_of
  WHERE
    event.kind = 'transaction' AND event.amount < 0 AND NOT event.is_too_late
), known AS (
  SELECT
    paying.borrower_id,
    paying.as_of,
    event.event_id,
    event.event_time,
    CAST(event.received_at AS DATE) AS received_on,
    event.payee_id,
    -event.amount AS payout
  FROM paying
  INNER JOIN risk.events AS event
    ON event.borrower_id = paying.borrower_id
    AND CAST(event.received_at AS DATE) <= paying.as_of
  WHERE
    event.kind = 'transaction' AND event.amount < 0 AND NOT event.is_too_late
), counted AS (
  SELECT
    known.borrower_id,
    known.as_of,
    known.event_id,
    known.event_time,
    known.received_on,
    known.payout,
    COUNT(*) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC, known.event_id ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) - 1 AS payouts_before,
    SUM(known.payout) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC, known.event_id ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) - known.payout AS total_before,
    LAG(known.event_time, CAST(CAST('8' AS BIGINT) - 1 AS INT)) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC, known.event_id ASC
    ) AS burst_since,
    CASE
      WHEN NOT known.payee_id IS NULL
      THEN MIN(known.event_time) OVER (PARTITION BY known.borrower_id, known.as_of, known.payee_id)
    END AS payee_since
  FROM known
)
SELECT
  counted.borrower_id,
  counted.as_of,
  counted.event_id,
  counted.event_time,
  CAST(counted.payout AS DECIMAL(18, 2)) AS payout,
  counted.payouts_before,
  CAST(counted.total_before AS DECIMAL(18, 2)) AS total_before,
  counted.burst_since,
  counted.payee_since
FROM counted
WHERE
  counted.received_on = counted.as_of;

-- trino, athena
WITH paying AS (
  SELECT DISTINCT
    features.borrower_id,
    features.as_of
  FROM risk.features AS features
  INNER JOIN risk.events AS event
    ON event.borrower_id = features.borrower_id
    AND CAST(event.received_at AS DATE) = features.as_of
  WHERE
    event.kind = 'transaction' AND event.amount < 0 AND NOT event.is_too_late
), known AS (
  SELECT
    paying.borrower_id,
    paying.as_of,
    event.event_id,
    event.event_time,
    CAST(event.received_at AS DATE) AS received_on,
    event.payee_id,
    -event.amount AS payout
  FROM paying
  INNER JOIN risk.events AS event
    ON event.borrower_id = paying.borrower_id
    AND CAST(event.received_at AS DATE) <= paying.as_of
  WHERE
    event.kind = 'transaction' AND event.amount < 0 AND NOT event.is_too_late
), counted AS (
  SELECT
    known.borrower_id,
    known.as_of,
    known.event_id,
    known.event_time,
    known.received_on,
    known.payout,
    COUNT(*) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC, known.event_id ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) - 1 AS payouts_before,
    SUM(known.payout) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC, known.event_id ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) - known.payout AS total_before,
    LAG(known.event_time, CAST(CAST('8' AS BIGINT) - 1 AS INTEGER)) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC, known.event_id ASC
    ) AS burst_since,
    CASE
      WHEN NOT known.payee_id IS NULL
      THEN MIN(known.event_time) OVER (PARTITION BY known.borrower_id, known.as_of, known.payee_id)
    END AS payee_since
  FROM known
)
SELECT
  counted.borrower_id,
  counted.as_of,
  counted.event_id,
  counted.event_time,
  CAST(counted.payout AS DECIMAL(18, 2)) AS payout,
  counted.payouts_before,
  CAST(counted.total_before AS DECIMAL(18, 2)) AS total_before,
  counted.burst_since,
  counted.payee_since
FROM counted
WHERE
  counted.received_on = counted.as_of;

-- spark
WITH paying AS (
  SELECT DISTINCT
    features.borrower_id,
    features.as_of
  FROM risk.features AS features
  INNER JOIN risk.events AS event
    ON event.borrower_id = features.borrower_id
    AND CAST(event.received_at AS DATE) = features.as_of
  WHERE
    event.kind = 'transaction' AND event.amount < 0 AND NOT event.is_too_late
), known AS (
  SELECT
    paying.borrower_id,
    paying.as_of,
    event.event_id,
    event.event_time,
    CAST(event.received_at AS DATE) AS received_on,
    event.payee_id,
    -event.amount AS payout
  FROM paying
  INNER JOIN risk.events AS event
    ON event.borrower_id = paying.borrower_id
    AND CAST(event.received_at AS DATE) <= paying.as_of
  WHERE
    event.kind = 'transaction' AND event.amount < 0 AND NOT event.is_too_late
), counted AS (
  SELECT
    known.borrower_id,
    known.as_of,
    known.event_id,
    known.event_time,
    known.received_on,
    known.payout,
    COUNT(*) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC NULLS LAST, known.event_id ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) - 1 AS payouts_before,
    SUM(known.payout) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC NULLS LAST, known.event_id ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) - known.payout AS total_before,
    LAG(known.event_time, CAST(CAST('8' AS BIGINT) - 1 AS INT)) OVER (
      PARTITION BY known.borrower_id, known.as_of
      ORDER BY known.event_time ASC NULLS LAST, known.event_id ASC NULLS LAST
    ) AS burst_since,
    CASE
      WHEN NOT known.payee_id IS NULL
      THEN MIN(known.event_time) OVER (PARTITION BY known.borrower_id, known.as_of, known.payee_id)
    END AS payee_since
  FROM known
)
SELECT
  counted.borrower_id,
  counted.as_of,
  counted.event_id,
  counted.event_time,
  CAST(counted.payout AS DECIMAL(18, 2)) AS payout,
  counted.payouts_before,
  CAST(counted.total_before AS DECIMAL(18, 2)) AS total_before,
  counted.burst_since,
  counted.payee_since
FROM counted
WHERE
  counted.received_on = counted.as_of;
