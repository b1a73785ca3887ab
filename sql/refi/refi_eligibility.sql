-- Every unified borrower and loan, judged: the tier, whether an offer may be made, and if not, why not.
-- The verdict is that of judged_offer on the taken offer. Depending on the policy's letters_per_loan, each eligible
-- borrower of a loan gets a letter, or only one: the primary, or else the one with the smallest borrower_id.
-- grain: borrower_id, loan_id
-- not null: borrower_id, marketing_category, is_eligible
-- rate_spread: Current rate less the market's offer, in percentage points.
-- marketing_category: The tier.
-- is_eligible: Whether an offer may be made.
-- ineligibility_reasons: Why not; empty for the eligible.
-- letter_to: The borrower of the same loan who gets the letter instead; empty for the ineligible and the recipient.
WITH joint_loan AS (
    SELECT
        dataset.loan_id,
        COALESCE(
            MIN(CASE WHEN dataset.borrower_role = 'primary' THEN dataset.borrower_id END),
            MIN(dataset.borrower_id)
        ) AS candidate_id
    FROM refi.unified_refi_dataset AS dataset
    WHERE
        dataset.is_eligible
        AND dataset.loan_id IS NOT NULL
        AND :letters_per_loan = 'one'
    GROUP BY
        dataset.loan_id
    HAVING
        COUNT(*) > 1
)
SELECT
    unified.borrower_id,
    unified.loan_id,
    unified.current_interest_rate,
    unified.market_rate_offer,
    unified.rate_spread,
    unified.ltv_ratio,
    unified.monthly_savings_est,
    unified.marketing_category,
    unified.is_eligible,
    unified.ineligibility_reasons,
    unified.product,
    unified.term_months,
    CASE
        WHEN unified.is_eligible AND joint_loan.candidate_id <> unified.borrower_id THEN joint_loan.candidate_id
    END AS letter_to
FROM refi.unified_refi_dataset AS unified
LEFT JOIN joint_loan
    ON joint_loan.loan_id = unified.loan_id
