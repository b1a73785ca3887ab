-- duckdb
SELECT
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.monthly_savings_est,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.is_own,
  judged.is_taken,
  judged.is_eligible,
  judged.ineligibility_reasons,
  eligibility.letter_to
FROM refi.judged_offer AS judged
LEFT JOIN refi.refi_eligibility AS eligibility
  ON eligibility.borrower_id = judged.borrower_id
  AND COALESCE(eligibility.loan_id, '') = COALESCE(judged.loan_id, '')
WHERE
  judged.borrower_id = CAST('B1' AS TEXT)
ORDER BY
  judged.loan_id ASC,
  judged.is_taken DESC,
  judged.is_own DESC,
  judged.product ASC,
  judged.term_months ASC,
  judged.offered_by ASC;

-- trino, athena
SELECT
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.monthly_savings_est,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.is_own,
  judged.is_taken,
  judged.is_eligible,
  judged.ineligibility_reasons,
  eligibility.letter_to
FROM refi.judged_offer AS judged
LEFT JOIN refi.refi_eligibility AS eligibility
  ON eligibility.borrower_id = judged.borrower_id
  AND COALESCE(eligibility.loan_id, '') = COALESCE(judged.loan_id, '')
WHERE
  judged.borrower_id = CAST('B1' AS VARCHAR)
ORDER BY
  judged.loan_id ASC,
  judged.is_taken DESC,
  judged.is_own DESC,
  judged.product ASC,
  judged.term_months ASC,
  judged.offered_by ASC;

-- spark
SELECT
  judged.loan_id,
  judged.property_id,
  judged.product,
  judged.term_months,
  judged.offered_by,
  judged.market_rate_offer,
  judged.rate_spread,
  judged.monthly_savings_est,
  judged.lien_position,
  judged.credit_score,
  judged.late_payments_12m,
  judged.is_own,
  judged.is_taken,
  judged.is_eligible,
  judged.ineligibility_reasons,
  eligibility.letter_to
FROM refi.judged_offer AS judged
LEFT JOIN refi.refi_eligibility AS eligibility
  ON eligibility.borrower_id = judged.borrower_id
  AND COALESCE(eligibility.loan_id, '') = COALESCE(judged.loan_id, '')
WHERE
  judged.borrower_id = CAST('B1' AS STRING)
ORDER BY
  judged.loan_id ASC NULLS LAST,
  judged.is_taken DESC,
  judged.is_own DESC,
  judged.product ASC NULLS LAST,
  judged.term_months ASC NULLS LAST,
  judged.offered_by ASC NULLS LAST;
