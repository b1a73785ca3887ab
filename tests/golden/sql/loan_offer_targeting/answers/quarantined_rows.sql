-- duckdb, trino, athena
SELECT
  quarantine.source,
  quarantine.file,
  quarantine.record_number,
  quarantine.reason,
  quarantine.column_name,
  quarantine.problem,
  quarantine.original_cells,
  quarantine.original_bytes
FROM staging.offers_quarantine AS quarantine
ORDER BY
  quarantine.file ASC,
  quarantine.record_number ASC;

-- spark
SELECT
  quarantine.source,
  quarantine.file,
  quarantine.record_number,
  quarantine.reason,
  quarantine.column_name,
  quarantine.problem,
  quarantine.original_cells,
  quarantine.original_bytes
FROM staging.offers_quarantine AS quarantine
ORDER BY
  quarantine.file ASC NULLS LAST,
  quarantine.record_number ASC NULLS LAST;
