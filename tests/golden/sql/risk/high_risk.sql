-- duckdb
WITH reported AS (
  SELECT
    high.borrower_id,
    high.as_of,
    high.rule
  FROM (
    SELECT
      score.borrower_id,
      score.as_of,
      CASE
        WHEN score.probability * 100 > CAST('35' AS DECIMAL(9, 6))
        THEN 'probability_above'
      END AS rule
    FROM risk.scores AS score
  ) AS high
  WHERE
    NOT high.rule IS NULL
  UNION ALL
  SELECT
    rise.borrower_id,
    rise.as_of,
    rise.rule
  FROM (
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
      )
  ) AS rise
  WHERE
    NOT rise.rule IS NULL
)
SELECT
  reported.borrower_id,
  reported.as_of,
  reported.rule,
  score.probability,
  before.probability AS probability_before
FROM reported
INNER JOIN risk.scores AS score
  ON score.borrower_id = reported.borrower_id AND score.as_of = reported.as_of
LEFT JOIN risk.scores_before AS before
  ON before.borrower_id = reported.borrower_id;

-- trino, athena
WITH reported AS (
  SELECT
    high.borrower_id,
    high.as_of,
    high.rule
  FROM (
    SELECT
      score.borrower_id,
      score.as_of,
      CASE
        WHEN score.probability * 100 > CAST('35' AS DECIMAL(9, 6))
        THEN 'probability_above'
      END AS rule
    FROM risk.scores AS score
  ) AS high
  WHERE
    NOT high.rule IS NULL
  UNION ALL
  SELECT
    rise.borrower_id,
    rise.as_of,
    rise.rule
  FROM (
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
      AND before.as_of >= DATE_ADD('DAY', -CAST('1' AS BIGINT), score.as_of)
  ) AS rise
  WHERE
    NOT rise.rule IS NULL
)
SELECT
  reported.borrower_id,
  reported.as_of,
  reported.rule,
  score.probability,
  before.probability AS probability_before
FROM reported
INNER JOIN risk.scores AS score
  ON score.borrower_id = reported.borrower_id AND score.as_of = reported.as_of
LEFT JOIN risk.scores_before AS before
  ON before.borrower_id = reported.borrower_id;

-- spark
WITH reported AS (
  SELECT
    high.borrower_id,
    high.as_of,
    high.rule
  FROM (
    SELECT
      score.borrower_id,
      score.as_of,
      CASE
        WHEN score.probability * 100 > CAST('35' AS DECIMAL(9, 6))
        THEN 'probability_above'
      END AS rule
    FROM risk.scores AS score
  ) AS high
  WHERE
    NOT high.rule IS NULL
  UNION ALL
  SELECT
    rise.borrower_id,
    rise.as_of,
    rise.rule
  FROM (
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
      AND before.as_of >= DATE_ADD(score.as_of, CAST(-CAST('1' AS BIGINT) AS INT))
  ) AS rise
  WHERE
    NOT rise.rule IS NULL
)
SELECT
  reported.borrower_id,
  reported.as_of,
  reported.rule,
  score.probability,
  before.probability AS probability_before
FROM reported
INNER JOIN risk.scores AS score
  ON score.borrower_id = reported.borrower_id AND score.as_of = reported.as_of
LEFT JOIN risk.scores_before AS before
  ON before.borrower_id = reported.borrower_id;
