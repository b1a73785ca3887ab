{{ config(materialized='external', location=var('out'), format='csv') }}

SELECT
    borrower_id,
    CASE WHEN REGEXP_MATCHES(name, '^[=+@\t\r-]') THEN '''' ELSE '' END || name AS name,
    rate_spread,
    monthly_savings_est,
    marketing_category,
    loan_id,
    current_interest_rate,
    market_rate_offer,
    ltv_ratio,
    paperless_billing,
    email_open_last_30d,
    mobile_app_login_last_30d,
    sms_opt_in
FROM {{ ref('refi_eligibility') }}
WHERE is_eligible
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY borrower_id
    ORDER BY rate_spread DESC, monthly_savings_est DESC NULLS LAST, loan_id
) = 1
ORDER BY rate_spread DESC, monthly_savings_est DESC NULLS LAST, borrower_id
