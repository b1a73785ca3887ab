-- duckdb, trino, athena
SELECT
  'tier: ' || judged.marketing_category AS measure,
  COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
GROUP BY
  judged.marketing_category
UNION ALL
SELECT
  'eligible' AS measure,
  COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
WHERE
  judged.is_eligible
UNION ALL
SELECT
  'letter to another' AS measure,
  COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
WHERE
  NOT judged.letter_to IS NULL
UNION ALL
SELECT
  'eligible: ' || judged.marketing_category AS measure,
  COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
WHERE
  judged.is_eligible
GROUP BY
  judged.marketing_category
UNION ALL
SELECT
  reasons.reason AS measure,
  COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
CROSS JOIN UNNEST(judged.ineligibility_reasons) AS reasons(reason)
GROUP BY
  reasons.reason;
