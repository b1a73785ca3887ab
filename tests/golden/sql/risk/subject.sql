-- duckdb, trino, athena, spark
SELECT
  borrower.borrower_id,
  CAST('2026-02-20' AS DATE) AS as_of
FROM staging.portfolio_borrower AS borrower
WHERE
  borrower.opened_on <= CAST('2026-02-20' AS DATE)
UNION
SELECT
  event.borrower_id,
  CAST('2026-02-20' AS DATE) AS as_of
FROM risk.events AS event
WHERE
  NOT event.is_too_late
UNION
SELECT
  outcome.borrower_id,
  outcome.observed_on AS as_of
FROM staging.default_outcome AS outcome
WHERE
  outcome.observed_on <= CAST('2026-02-20' AS DATE);
