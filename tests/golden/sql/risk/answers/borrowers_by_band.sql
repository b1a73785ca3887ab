-- duckdb, trino, athena
SELECT
  score.band,
  COUNT(*) AS borrowers
FROM risk.scores AS score
GROUP BY
  score.band
ORDER BY
  score.band ASC;

-- spark
SELECT
  score.band,
  COUNT(*) AS borrowers
FROM risk.scores AS score
GROUP BY
  score.band
ORDER BY
  score.band ASC NULLS LAST;
