-- duckdb, trino, athena
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
  audience.rate_spread DESC,
  audience.monthly_savings_est DESC,
  audience.borrower_id ASC;

-- spark
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
  audience.rate_spread DESC,
  audience.monthly_savings_est DESC,
  audience.borrower_id ASC NULLS LAST;
