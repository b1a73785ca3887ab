-- duckdb, trino, athena, spark
SELECT
  refused.source AS measure,
  COUNT(*) AS amount
FROM silver.quarantine AS refused
GROUP BY
  refused.source
UNION ALL
SELECT
  refused.source || ': ' || refused.reason AS measure,
  COUNT(*) AS amount
FROM silver.quarantine AS refused
GROUP BY
  refused.source || ': ' || refused.reason;
