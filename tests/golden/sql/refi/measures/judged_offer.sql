-- duckdb, trino, athena
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
  judged.is_taken;
