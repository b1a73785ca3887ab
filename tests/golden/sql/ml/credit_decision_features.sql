-- duckdb, trino, athena, spark
SELECT
  decision.decision_id,
  decision.customer_id,
  decision.decided_on,
  known.debt_to_income,
  known.loan_to_value,
  known.combined_ltv,
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
  known.largest_payout_share_90d,
  CASE
    WHEN decision.outcome_known_on <= CAST('2026-02-20' AS DATE)
    THEN decision.defaulted
  END AS defaulted,
  CASE
    WHEN decision.outcome_known_on <= CAST('2026-02-20' AS DATE)
    THEN decision.outcome_known_on
  END AS outcome_known_on
FROM staging.credit_decision AS decision
INNER JOIN ml.subject_features AS known
  ON known.customer_id = decision.customer_id AND known.as_of = decision.decided_on
WHERE
  decision.decided_on <= CAST('2026-02-20' AS DATE);
