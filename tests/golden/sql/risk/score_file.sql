-- duckdb
WITH reported AS (
  SELECT
    high.borrower_id,
    high.rule
  FROM risk.high_risk AS high
  WHERE
    NOT high.rule IS NULL
  UNION
  SELECT
    fraud.borrower_id,
    fraud.rule
  FROM risk.possible_fraud AS fraud
  WHERE
    NOT fraud.rule IS NULL
), rules AS (
  SELECT
    reported.borrower_id,
    ARRAY_TO_STRING(ARRAY_AGG(reported.rule ORDER BY reported.rule), '|') AS reported
  FROM reported
  GROUP BY
    reported.borrower_id
)
SELECT
  features.borrower_id,
  features.as_of,
  score.probability,
  score.band,
  score.reasons,
  rules.reported
FROM risk.features AS features
LEFT JOIN risk.scores AS score
  ON score.borrower_id = features.borrower_id
LEFT JOIN rules
  ON rules.borrower_id = features.borrower_id
ORDER BY
  features.borrower_id ASC;

-- trino, athena
WITH reported AS (
  SELECT
    high.borrower_id,
    high.rule
  FROM risk.high_risk AS high
  WHERE
    NOT high.rule IS NULL
  UNION
  SELECT
    fraud.borrower_id,
    fraud.rule
  FROM risk.possible_fraud AS fraud
  WHERE
    NOT fraud.rule IS NULL
), rules AS (
  SELECT
    reported.borrower_id,
    ARRAY_JOIN(ARRAY_AGG(reported.rule ORDER BY reported.rule), '|') AS reported
  FROM reported
  GROUP BY
    reported.borrower_id
)
SELECT
  features.borrower_id,
  features.as_of,
  score.probability,
  score.band,
  score.reasons,
  rules.reported
FROM risk.features AS features
LEFT JOIN risk.scores AS score
  ON score.borrower_id = features.borrower_id
LEFT JOIN rules
  ON rules.borrower_id = features.borrower_id
ORDER BY
  features.borrower_id ASC;

-- spark
WITH reported AS (
  SELECT
    high.borrower_id,
    high.rule
  FROM risk.high_risk AS high
  WHERE
    NOT high.rule IS NULL
  UNION
  SELECT
    fraud.borrower_id,
    fraud.rule
  FROM risk.possible_fraud AS fraud
  WHERE
    NOT fraud.rule IS NULL
), rules AS (
  SELECT
    reported.borrower_id,
    ARRAY_JOIN(
      TRANSFORM(
        ARRAY_SORT(
          COLLECT_LIST(
            STRUCT(reported.rule IS NULL AS key_0, reported.rule AS key_1, reported.rule AS value)
          )
        ),
        item -> item.value
      ),
      '|'
    ) AS reported
  FROM reported
  GROUP BY
    reported.borrower_id
)
SELECT
  features.borrower_id,
  features.as_of,
  score.probability,
  score.band,
  score.reasons,
  rules.reported
FROM risk.features AS features
LEFT JOIN risk.scores AS score
  ON score.borrower_id = features.borrower_id
LEFT JOIN rules
  ON rules.borrower_id = features.borrower_id
ORDER BY
  features.borrower_id ASC NULLS LAST;
