-- duckdb, trino, athena
SELECT
  audience.person_id
FROM refi.refi_audience AS audience
WHERE
  audience.sms_opt_in IS NULL;
