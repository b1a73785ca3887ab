-- duckdb
SELECT
  score.borrower_id,
  score.as_of,
  CASE
    WHEN (
      score.probability - before.probability
    ) * 100 > CAST('15' AS DECIMAL(9, 6))
    THEN 'probability_rose'
  END AS rule
FROM risk.scores AS score
INNER JOIN risk.scores_before AS before
  ON before.borrower_id = score.borrower_id
  AND before.as_of < score.as_of
  AND before.as_of >= (
    score.as_of + INTERVAL (-CAST('1' AS BIGINT)) DAY
  );

-- trino, athena
SELECT
  score.borrower_id,
  score.as_of,
  CASE
    WHEN (
      score.probability - before.probability
    ) * 100 > CAST('15' AS DECIMAL(9, 6))
    THEN 'probability_rose'
  END AS rule
FROM risk.scores AS score
INNER JOIN risk.scores_before AS before
  ON before.borrower_id = score.borrower_id
  AND before.as_of < score.as_of
  AND before.as_of >= DATE_ADD('DAY', -CAST('1' AS BIGINT), score.as_of);

-- spark
SELECT
  score.borrower_id,
  score.as_of,
  CASE
    WHEN (
      score.probability - before.probability
    ) * 100 > CAST('15' AS DECIMAL(9, 6))
    THEN 'probability_rose'
  END AS rule
FROM risk.scores AS score
INNER JOIN risk.scores_before AS before
  ON before.borrower_id = score.borrower_id
  AND before.as_of < score.as_of
  AND before.as_of >= DATE_ADD(score.as_of, CAST(-CAST('1' AS BIGINT) AS INT));
