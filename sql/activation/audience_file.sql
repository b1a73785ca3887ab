-- The audience as it is published, warmest tier first.
-- Text that a spreadsheet would run as a formula gets a leading apostrophe when the file is written.
-- grain: person_id
SELECT
    audience.borrower_id,
    audience.name,
    audience.rate_spread,
    audience.monthly_savings_est,
    audience.marketing_category,
    audience.person_id,
    audience.loan_id,
    audience.current_interest_rate,
    audience.market_rate_offer,
    audience.ltv_ratio,
    audience.paperless_billing,
    audience.email_open_last_30d,
    audience.mobile_app_login_last_30d,
    audience.sms_opt_in
FROM refi.refi_audience AS audience
ORDER BY
    audience.rate_spread DESC NULLS LAST,
    audience.monthly_savings_est DESC NULLS LAST,
    audience.borrower_id ASC NULLS LAST
