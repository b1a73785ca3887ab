-- duckdb
SELECT
  CASE
    WHEN REGEXP_MATCHES(audience.borrower_id, '^[=+@\t\r-]')
    THEN '''' || audience.borrower_id
    ELSE audience.borrower_id
  END AS borrower_id,
  CASE
    WHEN REGEXP_MATCHES(audience.name, '^[=+@\t\r-]')
    THEN '''' || audience.name
    ELSE audience.name
  END AS name,
  audience.rate_spread,
  audience.monthly_savings_est,
  audience.marketing_category,
  audience.person_id,
  CASE
    WHEN REGEXP_MATCHES(audience.loan_id, '^[=+@\t\r-]')
    THEN '''' || audience.loan_id
    ELSE audience.loan_id
  END AS loan_id,
  audience.current_interest_rate,
  audience.market_rate_offer,
  audience.ltv_ratio,
  audience.paperless_billing,
  audience.email_open_last_30d,
  audience.mobile_app_login_last_30d,
  audience.sms_opt_in
FROM refi_audience AS audience
ORDER BY
  audience.rate_spread DESC,
  audience.monthly_savings_est DESC,
  audience.borrower_id ASC;

-- trino, athena
SELECT
  CASE
    WHEN REGEXP_LIKE(audience.borrower_id, '^[=+@\t\r-]')
    THEN '''' || audience.borrower_id
    ELSE audience.borrower_id
  END AS borrower_id,
  CASE
    WHEN REGEXP_LIKE(audience.name, '^[=+@\t\r-]')
    THEN '''' || audience.name
    ELSE audience.name
  END AS name,
  audience.rate_spread,
  audience.monthly_savings_est,
  audience.marketing_category,
  audience.person_id,
  CASE
    WHEN REGEXP_LIKE(audience.loan_id, '^[=+@\t\r-]')
    THEN '''' || audience.loan_id
    ELSE audience.loan_id
  END AS loan_id,
  audience.current_interest_rate,
  audience.market_rate_offer,
  audience.ltv_ratio,
  audience.paperless_billing,
  audience.email_open_last_30d,
  audience.mobile_app_login_last_30d,
  audience.sms_opt_in
FROM refi_audience AS audience
ORDER BY
  audience.rate_spread DESC,
  audience.monthly_savings_est DESC,
  audience.borrower_id ASC;
