-- duckdb
SELECT
  judged.loan_id,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.marketing_category,
  judged.is_eligible,
  judged.ineligibility_reasons,
  CASE
    WHEN judged.current_interest_rate > CAST('1.0' AS DECIMAL(12, 6))
    THEN judged.current_interest_rate - CAST('1.0' AS DECIMAL(12, 6))
  END AS market_rate_needed,
  judged.market_rate_offer + CAST('1.0' AS DECIMAL(12, 6)) AS current_rate_needed,
  NOT audience.borrower_id IS NULL AS is_chosen
FROM refi.refi_eligibility AS judged
LEFT JOIN refi.refi_audience AS audience
  ON audience.borrower_id = judged.borrower_id
  AND COALESCE(audience.loan_id, '') = COALESCE(judged.loan_id, '')
WHERE
  judged.borrower_id = CAST('B1' AS TEXT)
ORDER BY
  judged.loan_id ASC;

-- trino, athena
SELECT
  judged.loan_id,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.marketing_category,
  judged.is_eligible,
  judged.ineligibility_reasons,
  CASE
    WHEN judged.current_interest_rate > CAST('1.0' AS DECIMAL(12, 6))
    THEN judged.current_interest_rate - CAST('1.0' AS DECIMAL(12, 6))
  END AS market_rate_needed,
  judged.market_rate_offer + CAST('1.0' AS DECIMAL(12, 6)) AS current_rate_needed,
  NOT audience.borrower_id IS NULL AS is_chosen
FROM refi.refi_eligibility AS judged
LEFT JOIN refi.refi_audience AS audience
  ON audience.borrower_id = judged.borrower_id
  AND COALESCE(audience.loan_id, '') = COALESCE(judged.loan_id, '')
WHERE
  judged.borrower_id = CAST('B1' AS VARCHAR)
ORDER BY
  judged.loan_id ASC;

-- spark
SELECT
  judged.loan_id,
  judged.current_interest_rate,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.ltv_ratio,
  judged.marketing_category,
  judged.is_eligible,
  judged.ineligibility_reasons,
  CASE
    WHEN judged.current_interest_rate > CAST('1.0' AS DECIMAL(12, 6))
    THEN judged.current_interest_rate - CAST('1.0' AS DECIMAL(12, 6))
  END AS market_rate_needed,
  judged.market_rate_offer + CAST('1.0' AS DECIMAL(12, 6)) AS current_rate_needed,
  NOT audience.borrower_id IS NULL AS is_chosen
FROM refi.refi_eligibility AS judged
LEFT JOIN refi.refi_audience AS audience
  ON audience.borrower_id = judged.borrower_id
  AND COALESCE(audience.loan_id, '') = COALESCE(judged.loan_id, '')
WHERE
  judged.borrower_id = CAST('B1' AS STRING)
ORDER BY
  judged.loan_id ASC NULLS LAST;
