{{ config(materialized='table') }}

WITH priced AS (
    SELECT
        borrower.borrower_id,
        borrower.name,
        loan.loan_id,
        loan.current_interest_rate,
        market.market_rate_offer,
        loan.current_interest_rate - market.market_rate_offer AS rate_spread,
        market.ltv_ratio,
        market.monthly_savings_est,
        engagement.paperless_billing,
        engagement.email_open_last_30d,
        engagement.mobile_app_login_last_30d,
        engagement.sms_opt_in
    FROM {{ ref('borrower_information') }} AS borrower
    JOIN {{ ref('loan_information') }} AS loan ON loan.borrower_id = borrower.borrower_id
    JOIN {{ ref('market_equity') }} AS market
        ON market.property_id = COALESCE(loan.property_id, borrower.property_id)
    LEFT JOIN {{ ref('borrower_engagement') }} AS engagement ON engagement.borrower_id = borrower.borrower_id
)
SELECT
    *,
    CASE
        WHEN rate_spread > 1.25 THEN 'Immediate Action'
        WHEN rate_spread > 0.75 THEN 'Hot Lead'
        WHEN rate_spread > 0.5 THEN 'Watchlist'
        ELSE 'Ineligible'
    END AS marketing_category,
    COALESCE(ltv_ratio <= 80 AND rate_spread >= 1.0, FALSE) AS is_eligible
FROM priced
