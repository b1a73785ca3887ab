-- duckdb, trino, athena
SELECT
  queued.borrower_id_1,
  queued.borrower_id_2,
  queued.match_weight,
  queued.match_probability,
  queued.evidence
FROM identity.review_queue AS queued
WHERE
  queued.decision IS NULL
ORDER BY
  queued.match_probability DESC,
  queued.match_weight DESC,
  queued.borrower_id_1 ASC NULLS FIRST,
  queued.borrower_id_2 ASC NULLS FIRST;

-- spark
SELECT
  queued.borrower_id_1,
  queued.borrower_id_2,
  queued.match_weight,
  queued.match_probability,
  queued.evidence
FROM identity.review_queue AS queued
WHERE
  queued.decision IS NULL
ORDER BY
  queued.match_probability DESC,
  queued.match_weight DESC,
  queued.borrower_id_1 ASC,
  queued.borrower_id_2 ASC;
