-- Every unified borrower and loan, judged: the tier, whether an offer may be made, and if not, why not.
-- Tiers are half-open bands on the exact spread. What is not known never makes anybody eligible.
-- grain: borrower_id, loan_id
-- rate_spread: Current rate less the market's offer, in percentage points.
-- marketing_category: The tier.
-- is_eligible: Whether an offer may be made.
-- ineligibility_reasons: Why not; empty for the eligible.
WITH priced AS (
    SELECT
        unified.borrower_id,
        unified.first_name,
        unified.last_name,
        unified.loan_id,
        unified.current_interest_rate,
        unified.market_rate_offer,
        unified.current_interest_rate - unified.market_rate_offer AS rate_spread,
        unified.ltv_ratio,
        unified.monthly_savings_est,
        unified.paperless_billing,
        unified.email_open_last_30d,
        unified.mobile_app_login_last_30d,
        unified.sms_opt_in
    FROM refi.unified_refi_dataset AS unified
)
SELECT
    priced.borrower_id,
    priced.first_name,
    priced.last_name,
    priced.loan_id,
    priced.current_interest_rate,
    priced.market_rate_offer,
    priced.rate_spread,
    priced.ltv_ratio,
    priced.monthly_savings_est,
    CASE
        WHEN priced.rate_spread > :immediate_action_above THEN 'Immediate Action'
        WHEN priced.rate_spread > :hot_lead_above THEN 'Hot Lead'
        WHEN priced.rate_spread > :watchlist_above THEN 'Watchlist'
        ELSE 'Ineligible'
    END AS marketing_category,
    COALESCE(priced.ltv_ratio <= :max_ltv_pct AND priced.rate_spread >= :min_rate_spread, FALSE) AS is_eligible,
    FILTER(
        ARRAY[
            CASE WHEN priced.ltv_ratio > :max_ltv_pct THEN 'ltv_above_max' END,
            CASE WHEN priced.rate_spread < :min_rate_spread THEN 'spread_below_min' END,
            CASE WHEN priced.ltv_ratio IS NULL THEN 'ltv_missing' END,
            CASE WHEN priced.current_interest_rate IS NULL THEN 'current_rate_missing' END,
            CASE WHEN priced.market_rate_offer IS NULL THEN 'market_rate_missing' END
        ],
        reason -> reason IS NOT NULL
    ) AS ineligibility_reasons,
    priced.paperless_billing,
    priced.email_open_last_30d,
    priced.mobile_app_login_last_30d,
    priced.sms_opt_in
FROM priced
