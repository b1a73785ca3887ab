-- duckdb, trino, athena, spark
SELECT
  taken.borrower_id,
  borrower.first_name,
  borrower.last_name,
  taken.current_interest_rate,
  taken.market_rate_offer,
  taken.ltv_ratio,
  taken.monthly_savings_est,
  engagement.paperless_billing,
  engagement.email_open_last_30d,
  engagement.mobile_app_login_last_30d,
  engagement.sms_opt_in,
  taken.loan_id,
  taken.property_id,
  taken.loan_amount,
  taken.remaining_balance,
  taken.origination_year,
  taken.loan_type,
  taken.remaining_term_months,
  taken.current_home_value,
  taken.estimated_equity_amt,
  borrower.credit_score,
  borrower.email,
  borrower.phone,
  borrower.city,
  borrower.state,
  taken.borrower_role,
  taken.product,
  taken.term_months,
  taken.rate_spread,
  taken.marketing_category,
  taken.is_eligible,
  taken.ineligibility_reasons
FROM refi.judged_offer AS taken
LEFT JOIN staging.borrower_information AS borrower
  ON borrower.borrower_id = taken.borrower_id
LEFT JOIN staging.borrower_engagement AS engagement
  ON engagement.borrower_id = taken.borrower_id
WHERE
  taken.is_taken;
