-- duckdb, trino, athena, spark
SELECT
  report.month,
  report.currency
FROM gold.compliance_report AS report
WHERE
  report.arrears_60_days > report.arrears_30_days
  OR report.arrears_90_days > report.arrears_60_days;
