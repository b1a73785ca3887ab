-- duckdb, trino, athena, spark
SELECT
  'own' AS measure,
  COUNT(*) AS amount
FROM refi.judged_offer AS judged
WHERE
  judged.is_own
UNION ALL
SELECT
  'taken' AS measure,
  COUNT(*) AS amount
FROM refi.judged_offer AS judged
WHERE
  judged.is_taken
UNION ALL
SELECT
  'offers_without_home' AS measure,
  COUNT(*) AS amount
FROM staging.market_equity AS market
WHERE
  NOT market.property_id IN (
    SELECT
      loan.property_id
    FROM staging.loan_information AS loan
    WHERE
      NOT loan.property_id IS NULL
  )
  AND NOT market.property_id IN (
    SELECT
      borrower.property_id
    FROM staging.borrower_information AS borrower
    WHERE
      NOT borrower.property_id IS NULL
  );
