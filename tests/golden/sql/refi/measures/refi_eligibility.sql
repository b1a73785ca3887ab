-- duckdb, trino, athena
WITH judged AS (
  SELECT
    eligibility.marketing_category,
    eligibility.is_eligible,
    eligibility.ineligibility_reasons,
    NOT eligibility.letter_to IS NULL AS is_letter_to_another,
    COUNT(*) AS amount
  FROM refi.refi_eligibility AS eligibility
  GROUP BY
    eligibility.marketing_category,
    eligibility.is_eligible,
    eligibility.ineligibility_reasons,
    NOT eligibility.letter_to IS NULL
)
SELECT
  'tier: ' || judged.marketing_category AS measure,
  CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
GROUP BY
  judged.marketing_category
UNION ALL
SELECT
  'eligible' AS measure,
  CAST(COALESCE(SUM(judged.amount), 0) AS BIGINT) AS amount
FROM judged
WHERE
  judged.is_eligible
UNION ALL
SELECT
  'letter to another' AS measure,
  CAST(COALESCE(SUM(judged.amount), 0) AS BIGINT) AS amount
FROM judged
WHERE
  judged.is_letter_to_another
UNION ALL
SELECT
  'eligible: ' || judged.marketing_category AS measure,
  CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
WHERE
  judged.is_eligible
GROUP BY
  judged.marketing_category
UNION ALL
SELECT
  reasons.reason AS measure,
  CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
CROSS JOIN UNNEST(judged.ineligibility_reasons) AS reasons(reason)
GROUP BY
  reasons.reason;

-- spark
WITH judged AS (
  SELECT
    eligibility.marketing_category,
    eligibility.is_eligible,
    eligibility.ineligibility_reasons,
    NOT eligibility.letter_to IS NULL AS is_letter_to_another,
    COUNT(*) AS amount
  FROM refi.refi_eligibility AS eligibility
  GROUP BY
    eligibility.marketing_category,
    eligibility.is_eligible,
    eligibility.ineligibility_reasons,
    NOT eligibility.letter_to IS NULL
)
SELECT
  'tier: ' || judged.marketing_category AS measure,
  CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
GROUP BY
  judged.marketing_category
UNION ALL
SELECT
  'eligible' AS measure,
  CAST(COALESCE(SUM(judged.amount), 0) AS BIGINT) AS amount
FROM judged
WHERE
  judged.is_eligible
UNION ALL
SELECT
  'letter to another' AS measure,
  CAST(COALESCE(SUM(judged.amount), 0) AS BIGINT) AS amount
FROM judged
WHERE
  judged.is_letter_to_another
UNION ALL
SELECT
  'eligible: ' || judged.marketing_category AS measure,
  CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
WHERE
  judged.is_eligible
GROUP BY
  judged.marketing_category
UNION ALL
SELECT
  reasons.reason AS measure,
  CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
LATERAL VIEW
EXPLODE(judged.ineligibility_reasons) reasons AS reason
GROUP BY
  reasons.reason;
