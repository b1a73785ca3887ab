-- duckdb, trino, athena
WITH borrower_loan AS (
  SELECT
    borrower.borrower_id,
    borrower.first_name,
    borrower.last_name,
    borrower.email,
    borrower.phone,
    borrower.city,
    borrower.state,
    borrower.credit_score,
    loan.loan_id,
    loan.current_interest_rate,
    loan.loan_amount,
    loan.remaining_balance,
    loan.origination_year,
    loan.loan_type,
    loan.remaining_term_months,
    COALESCE(loan.property_id, borrower.property_id) AS property_id
  FROM staging.borrower_information AS borrower
  INNER JOIN staging.loan_information AS loan
    ON loan.borrower_id = borrower.borrower_id
)
SELECT
  borrower_loan.borrower_id,
  borrower_loan.first_name,
  borrower_loan.last_name,
  borrower_loan.current_interest_rate,
  market.market_rate_offer,
  market.ltv_ratio,
  market.monthly_savings_est,
  engagement.paperless_billing,
  engagement.email_open_last_30d,
  engagement.mobile_app_login_last_30d,
  engagement.sms_opt_in,
  borrower_loan.loan_id,
  borrower_loan.property_id,
  borrower_loan.loan_amount,
  borrower_loan.remaining_balance,
  borrower_loan.origination_year,
  borrower_loan.loan_type,
  borrower_loan.remaining_term_months,
  market.current_home_value,
  market.estimated_equity_amt,
  borrower_loan.credit_score,
  borrower_loan.email,
  borrower_loan.phone,
  borrower_loan.city,
  borrower_loan.state
FROM borrower_loan
INNER JOIN staging.market_equity AS market
  ON market.property_id = borrower_loan.property_id
LEFT JOIN staging.borrower_engagement AS engagement
  ON engagement.borrower_id = borrower_loan.borrower_id;
