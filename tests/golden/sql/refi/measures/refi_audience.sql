-- duckdb, trino, athena, spark
SELECT
  'tier: ' || audience.marketing_category AS measure,
  COUNT(*) AS amount
FROM refi.refi_audience AS audience
GROUP BY
  audience.marketing_category
UNION ALL
SELECT
  'sms: ' || COALESCE(audience.no_sms_because, 'yes') AS measure,
  COUNT(*) AS amount
FROM refi.refi_audience AS audience
GROUP BY
  audience.no_sms_because;
