-- duckdb, trino, athena
SELECT
  COALESCE(earlier.band, 'new') AS band_before,
  score.band,
  COUNT(*) AS borrowers
FROM risk.scores AS score
LEFT JOIN risk.scores_before AS earlier
  ON earlier.borrower_id = score.borrower_id
GROUP BY
  COALESCE(earlier.band, 'new'),
  score.band
ORDER BY
  COALESCE(earlier.band, 'new') ASC,
  score.band ASC;

-- spark
SELECT
  COALESCE(earlier.band, 'new') AS band_before,
  score.band,
  COUNT(*) AS borrowers
FROM risk.scores AS score
LEFT JOIN risk.scores_before AS earlier
  ON earlier.borrower_id = score.borrower_id
GROUP BY
  COALESCE(earlier.band, 'new'),
  score.band
ORDER BY
  COALESCE(earlier.band, 'new') ASC NULLS LAST,
  score.band ASC NULLS LAST;
