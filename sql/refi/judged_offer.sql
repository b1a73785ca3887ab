-- Every market offer for the home of a loan, judged for each borrower of the loan.
-- A loan is secured on the home it names. A loan that names none is secured on the home of its primary borrower, or, if
-- no accepted record is the primary's, of the borrower with the smallest borrower_id.
-- Tiers are half-open bands on the exact spread. A borrower is not eligible if a rate or the LTV is unknown, or if a
-- credit score or number of late payments that the policy limits is unknown. Other unknown values are ignored.
-- Only own offers can be taken: first one under which the borrower is eligible, then the one with the largest saving,
-- the lowest rate, the longest term and the first product.
-- grain: borrower_id, loan_id, property_id, product, term_months, offered_by
-- not null: borrower_id, property_id, marketing_category, is_eligible, is_own, is_taken
-- rule Immediate Action: rate_spread is above :immediate_action_above.
-- rule Hot Lead: rate_spread is above :hot_lead_above.
-- rule Watchlist: rate_spread is above :watchlist_above.
-- rule Ineligible: rate_spread is at most :watchlist_above, or unknown.
-- rule spread_below_min: rate_spread is at least :min_rate_spread;
--   else eligible when the market rate falls to :market_rate_needed % or below, or else the current rate is higher.
-- rule current_rate_missing: rate_spread is at least :min_rate_spread;
--   else eligible when the current rate is known and is :current_rate_needed % or above,
--   or else both rates are known and at least :min_rate_spread apart.
-- rule market_rate_missing: rate_spread is at least :min_rate_spread;
--   else eligible when the market rate is known and is :market_rate_needed % or below,
--   or else the current rate is above :current_interest_rate %.
-- rule ltv_above_max: ltv_ratio is at most :max_ltv_pct %;
--   else eligible when the loan to value falls to :max_ltv_pct % or below.
-- rule ltv_missing: ltv_ratio is at most :max_ltv_pct %;
--   else eligible when the loan to value is known and is :max_ltv_pct % or below.
-- rule savings_below_min: monthly_savings_est is at least :min_monthly_savings_usd USD;
--   else eligible when the monthly saving is :min_monthly_savings_usd USD or above.
-- rule loan_paid_off: loan_state is not paid off; else eligible when the loan is not paid off.
-- rule not_first_lien: lien_position is 1; else eligible when the loan is the first lien on the home.
-- rule credit_score_below_min: credit_score is at least :min_credit_score;
--   else eligible when the credit score rises to :min_credit_score or above.
-- rule credit_score_missing: credit_score is at least :min_credit_score;
--   else eligible when the credit score is known and is :min_credit_score or above.
-- rule late_payments_above_max: late_payments_12m is at most :max_late_payments_12m;
--   else eligible when the late payments of twelve months fall to :max_late_payments_12m or fewer.
-- rule late_payments_missing: late_payments_12m is at most :max_late_payments_12m;
--   else eligible when the late payments of twelve months are known and are :max_late_payments_12m or fewer.
-- property_id: The home the loan is secured on.
-- rate_spread: Current rate less the offer, in percentage points.
-- marketing_category: The tier.
-- is_own: Whether the offer is the lender's own.
-- is_taken: Whether it is the one offer that is taken for the loan.
-- is_eligible: Whether the offer may be made to the borrower.
-- ineligibility_reasons: Why not; empty if it may be.
WITH joint_home AS (
    SELECT
        loan.loan_id,
        NULLIF(
            MIN_BY(
                COALESCE(borrower.property_id, ''),
                CASE WHEN loan.borrower_role = 'primary' THEN '0' ELSE '1' END || loan.borrower_id
            ),
            ''
        ) AS property_id
    FROM staging.borrower_information AS borrower
    INNER JOIN staging.loan_information AS loan
        ON loan.borrower_id = borrower.borrower_id
    WHERE
        loan.property_id IS NULL
        AND loan.loan_id IS NOT NULL
    GROUP BY
        loan.loan_id
    HAVING
        COUNT(*) > 1
),
-- Loans, each with the home it is secured on. Loans without a home in the first half match no offer.
secured_loan AS (
    SELECT
        loan.loan_id,
        loan.borrower_id,
        loan.property_id,
        loan.borrower_role,
        loan.current_interest_rate,
        loan.loan_amount,
        loan.remaining_balance,
        loan.origination_year,
        loan.loan_type,
        loan.remaining_term_months,
        loan.remaining_balance_state,
        loan.loan_type_state,
        loan.loan_status_state,
        loan.lien_position,
        loan.lien_position_state,
        loan.late_payments_12m
    FROM staging.loan_information AS loan
    UNION ALL
    SELECT
        loan.loan_id,
        loan.borrower_id,
        CASE
            WHEN joint_home.loan_id IS NOT NULL THEN joint_home.property_id
            ELSE borrower.property_id
        END AS property_id,
        loan.borrower_role,
        loan.current_interest_rate,
        loan.loan_amount,
        loan.remaining_balance,
        loan.origination_year,
        loan.loan_type,
        loan.remaining_term_months,
        loan.remaining_balance_state,
        loan.loan_type_state,
        loan.loan_status_state,
        loan.lien_position,
        loan.lien_position_state,
        loan.late_payments_12m
    FROM staging.loan_information AS loan
    INNER JOIN staging.borrower_information AS borrower
        ON borrower.borrower_id = loan.borrower_id
    LEFT JOIN joint_home
        ON joint_home.loan_id = loan.loan_id
    WHERE
        loan.property_id IS NULL
),
-- Homes with one plain offer need no choice; of several offers, at least one names its product, term or lender.
home_with_choice AS (
    SELECT DISTINCT market.property_id
    FROM staging.market_equity AS market
    WHERE
        market.product IS NOT NULL
        OR market.term_months IS NOT NULL
        OR market.offered_by <> 'own'
),
offer AS (
    SELECT
        borrower.borrower_id,
        loan.loan_id,
        market.property_id,
        market.product,
        market.term_months,
        market.offered_by,
        loan.borrower_role,
        loan.current_interest_rate,
        market.market_rate_offer,
        loan.current_interest_rate - market.market_rate_offer AS rate_spread,
        market.ltv_ratio,
        market.monthly_savings_est,
        market.current_home_value,
        market.estimated_equity_amt,
        loan.loan_amount,
        loan.remaining_balance,
        loan.origination_year,
        loan.loan_type,
        loan.remaining_term_months,
        'paid_off' IN (loan.remaining_balance_state, loan.loan_type_state, loan.loan_status_state) AS is_paid_off,
        loan.lien_position,
        loan.lien_position_state,
        borrower.credit_score,
        loan.late_payments_12m,
        COALESCE(LOWER(market.offered_by) = 'own', FALSE) AS is_own,
        home_with_choice.property_id IS NOT NULL AS has_choice
    FROM secured_loan AS loan
    INNER JOIN staging.borrower_information AS borrower
        ON borrower.borrower_id = loan.borrower_id
    INNER JOIN staging.market_equity AS market
        ON market.property_id = loan.property_id
    LEFT JOIN home_with_choice
        ON home_with_choice.property_id = loan.property_id
),
judged AS (
    SELECT
        offer.borrower_id,
        offer.loan_id,
        offer.property_id,
        offer.product,
        offer.term_months,
        offer.offered_by,
        offer.borrower_role,
        offer.current_interest_rate,
        offer.market_rate_offer,
        offer.rate_spread,
        offer.ltv_ratio,
        offer.monthly_savings_est,
        offer.current_home_value,
        offer.estimated_equity_amt,
        offer.loan_amount,
        offer.remaining_balance,
        offer.origination_year,
        offer.loan_type,
        offer.remaining_term_months,
        offer.lien_position,
        offer.credit_score,
        offer.late_payments_12m,
        CASE
            WHEN offer.rate_spread > :immediate_action_above THEN 'Immediate Action'
            WHEN offer.rate_spread > :hot_lead_above THEN 'Hot Lead'
            WHEN offer.rate_spread > :watchlist_above THEN 'Watchlist'
            ELSE 'Ineligible'
        END AS marketing_category,
        FILTER(
            ARRAY[
                CASE WHEN offer.ltv_ratio > :max_ltv_pct THEN 'ltv_above_max' END,
                CASE WHEN offer.rate_spread < :min_rate_spread THEN 'spread_below_min' END,
                CASE WHEN offer.ltv_ratio IS NULL THEN 'ltv_missing' END,
                CASE WHEN offer.current_interest_rate IS NULL THEN 'current_rate_missing' END,
                CASE WHEN offer.market_rate_offer IS NULL THEN 'market_rate_missing' END,
                CASE WHEN offer.monthly_savings_est < :min_monthly_savings_usd THEN 'savings_below_min' END,
                CASE WHEN offer.is_paid_off THEN 'loan_paid_off' END,
                CASE
                    WHEN offer.lien_position <> 1 OR offer.lien_position_state = 'junior' THEN 'not_first_lien'
                END,
                CASE WHEN offer.credit_score < :min_credit_score THEN 'credit_score_below_min' END,
                CASE
                    WHEN offer.credit_score IS NULL AND :min_credit_score IS NOT NULL THEN 'credit_score_missing'
                END,
                CASE WHEN offer.late_payments_12m > :max_late_payments_12m THEN 'late_payments_above_max' END,
                CASE
                    WHEN offer.late_payments_12m IS NULL AND :max_late_payments_12m IS NOT NULL
                        THEN 'late_payments_missing'
                END
            ],
            reason -> reason IS NOT NULL
        ) AS ineligibility_reasons,
        offer.is_own,
        offer.has_choice
    FROM offer
)
SELECT
    judged.borrower_id,
    judged.loan_id,
    judged.property_id,
    judged.product,
    judged.term_months,
    judged.offered_by,
    judged.borrower_role,
    judged.current_interest_rate,
    judged.market_rate_offer,
    judged.rate_spread,
    judged.ltv_ratio,
    judged.monthly_savings_est,
    judged.current_home_value,
    judged.estimated_equity_amt,
    judged.loan_amount,
    judged.remaining_balance,
    judged.origination_year,
    judged.loan_type,
    judged.remaining_term_months,
    judged.lien_position,
    judged.credit_score,
    judged.late_payments_12m,
    judged.marketing_category,
    CARDINALITY(judged.ineligibility_reasons) = 0 AS is_eligible,
    judged.ineligibility_reasons,
    judged.is_own,
    judged.is_own
    AND ROW_NUMBER() OVER (
        PARTITION BY
            judged.borrower_id,
            judged.loan_id,
            judged.is_own
        ORDER BY
            CARDINALITY(judged.ineligibility_reasons) = 0 DESC NULLS LAST,
            judged.monthly_savings_est DESC NULLS LAST,
            judged.market_rate_offer ASC NULLS LAST,
            judged.term_months DESC NULLS LAST,
            judged.product ASC NULLS LAST,
            judged.offered_by ASC NULLS LAST
    ) = 1 AS is_taken
FROM judged
WHERE
    judged.has_choice
UNION ALL
SELECT
    judged.borrower_id,
    judged.loan_id,
    judged.property_id,
    judged.product,
    judged.term_months,
    judged.offered_by,
    judged.borrower_role,
    judged.current_interest_rate,
    judged.market_rate_offer,
    judged.rate_spread,
    judged.ltv_ratio,
    judged.monthly_savings_est,
    judged.current_home_value,
    judged.estimated_equity_amt,
    judged.loan_amount,
    judged.remaining_balance,
    judged.origination_year,
    judged.loan_type,
    judged.remaining_term_months,
    judged.lien_position,
    judged.credit_score,
    judged.late_payments_12m,
    judged.marketing_category,
    CARDINALITY(judged.ineligibility_reasons) = 0 AS is_eligible,
    judged.ineligibility_reasons,
    judged.is_own,
    judged.is_own AS is_taken
FROM judged
WHERE
    NOT judged.has_choice
