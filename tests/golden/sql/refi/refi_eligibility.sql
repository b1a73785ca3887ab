-- duckdb
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
    WHEN priced.rate_spread > CAST('1.25' AS DECIMAL(12, 6))
    THEN 'Immediate Action'
    WHEN priced.rate_spread > CAST('0.75' AS DECIMAL(12, 6))
    THEN 'Hot Lead'
    WHEN priced.rate_spread > CAST('0.50' AS DECIMAL(12, 6))
    THEN 'Watchlist'
    ELSE 'Ineligible'
  END AS marketing_category,
  COALESCE(
    priced.ltv_ratio <= CAST('80' AS DECIMAL(12, 6))
    AND priced.rate_spread >= CAST('1.0' AS DECIMAL(12, 6)),
    FALSE
  ) AS is_eligible,
  LIST_FILTER(
    [
      CASE WHEN priced.ltv_ratio > CAST('80' AS DECIMAL(12, 6)) THEN 'ltv_above_max' END,
      CASE
        WHEN priced.rate_spread < CAST('1.0' AS DECIMAL(12, 6))
        THEN 'spread_below_min'
      END,
      CASE WHEN priced.ltv_ratio IS NULL THEN 'ltv_missing' END,
      CASE WHEN priced.current_interest_rate IS NULL THEN 'current_rate_missing' END,
      CASE WHEN priced.market_rate_offer IS NULL THEN 'market_rate_missing' END
    ],
    LAMBDA reason : NOT reason IS NULL
  ) AS ineligibility_reasons,
  priced.paperless_billing,
  priced.email_open_last_30d,
  priced.mobile_app_login_last_30d,
  priced.sms_opt_in
FROM priced;

-- trino, athena
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
    WHEN priced.rate_spread > CAST('1.25' AS DECIMAL(12, 6))
    THEN 'Immediate Action'
    WHEN priced.rate_spread > CAST('0.75' AS DECIMAL(12, 6))
    THEN 'Hot Lead'
    WHEN priced.rate_spread > CAST('0.50' AS DECIMAL(12, 6))
    THEN 'Watchlist'
    ELSE 'Ineligible'
  END AS marketing_category,
  COALESCE(
    priced.ltv_ratio <= CAST('80' AS DECIMAL(12, 6))
    AND priced.rate_spread >= CAST('1.0' AS DECIMAL(12, 6)),
    FALSE
  ) AS is_eligible,
  FILTER(
    ARRAY[CASE WHEN priced.ltv_ratio > CAST('80' AS DECIMAL(12, 6)) THEN 'ltv_above_max' END, CASE
      WHEN priced.rate_spread < CAST('1.0' AS DECIMAL(12, 6))
      THEN 'spread_below_min'
    END, CASE WHEN priced.ltv_ratio IS NULL THEN 'ltv_missing' END, CASE WHEN priced.current_interest_rate IS NULL THEN 'current_rate_missing' END, CASE WHEN priced.market_rate_offer IS NULL THEN 'market_rate_missing' END],
    reason -> NOT reason IS NULL
  ) AS ineligibility_reasons,
  priced.paperless_billing,
  priced.email_open_last_30d,
  priced.mobile_app_login_last_30d,
  priced.sms_opt_in
FROM priced;
