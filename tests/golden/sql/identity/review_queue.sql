-- duckdb, trino, athena
SELECT
  pair.borrower_id_1,
  pair.borrower_id_2,
  pair.match_weight,
  pair.match_probability,
  pair.evidence,
  pair.review_reason,
  pair.decision
FROM identity.matched_pairs AS pair
WHERE
  pair.match_probability >= CAST(CAST('0.5' AS DECIMAL(12, 6)) AS DOUBLE)
  AND (
    pair.match_probability < CAST(CAST('0.99' AS DECIMAL(12, 6)) AS DOUBLE)
    OR NOT pair.review_reason IS NULL
  )
  AND pair.decision IS NULL
ORDER BY
  pair.match_weight DESC,
  pair.borrower_id_1 ASC,
  pair.borrower_id_2 ASC;

-- spark
SELECT
  pair.borrower_id_1,
  pair.borrower_id_2,
  pair.match_weight,
  pair.match_probability,
  pair.evidence,
  pair.review_reason,
  pair.decision
FROM identity.matched_pairs AS pair
WHERE
  pair.match_probability >= CAST(CAST('0.5' AS DECIMAL(12, 6)) AS DOUBLE)
  AND (
    pair.match_probability < CAST(CAST('0.99' AS DECIMAL(12, 6)) AS DOUBLE)
    OR NOT pair.review_reason IS NULL
  )
  AND pair.decision IS NULL
ORDER BY
  pair.match_weight DESC,
  pair.borrower_id_1 ASC NULLS LAST,
  pair.borrower_id_2 ASC NULLS LAST;
