-- duckdb, trino, athena, spark
SELECT
  known.borrower_id,
  known.as_of,
  known.debt_to_income,
  known.credit_utilization,
  known.worst_payment_delay_3m,
  known.worst_payment_delay_6m,
  known.worst_payment_delay_12m,
  known.mean_payment_delay_3m,
  known.mean_payment_delay_6m,
  known.mean_payment_delay_12m,
  known.income_variation,
  known.savings_rate,
  known.account_age,
  known.balance_trend,
  known.overdrafts_12m,
  known.transactions_90d,
  known.largest_payout_share_90d
FROM risk.subject_features AS known
WHERE
  known.as_of = CAST('2026-02-20' AS DATE);
