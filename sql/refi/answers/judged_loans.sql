-- The loans of one borrower with their verdicts.
-- grain: loan_id
-- market_rate_needed: The highest market rate that would make the loan eligible, in percent; empty if none would.
-- current_rate_needed: The lowest current rate that would, in percent.
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
        WHEN judged.current_interest_rate > :min_rate_spread THEN judged.current_interest_rate - :min_rate_spread
    END AS market_rate_needed,
    judged.market_rate_offer + :min_rate_spread AS current_rate_needed,
    audience.borrower_id IS NOT NULL AS is_chosen
FROM refi.refi_eligibility AS judged
LEFT JOIN refi.refi_audience AS audience
    ON audience.borrower_id = judged.borrower_id
    AND COALESCE(audience.loan_id, '') = COALESCE(judged.loan_id, '')
WHERE
    judged.borrower_id = :borrower_id
ORDER BY
    judged.loan_id ASC NULLS LAST
