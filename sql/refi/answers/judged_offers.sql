-- The offers for the homes of one borrower's loans with their verdicts, and the recipient of each loan's letter.
-- grain: loan_id, property_id, product, term_months, offered_by
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
    judged.borrower_id = :borrower_id
ORDER BY
    judged.loan_id ASC NULLS LAST,
    judged.is_taken DESC NULLS LAST,
    judged.is_own DESC NULLS LAST,
    judged.product ASC NULLS LAST,
    judged.term_months ASC NULLS LAST,
    judged.offered_by ASC NULLS LAST
