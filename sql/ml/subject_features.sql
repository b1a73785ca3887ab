-- The features of customers as of days, each as sql/ml/features/ defines it.
-- A feature is null if it is unknown.
-- grain: customer_id, as_of
-- not null: customer_id, as_of
SELECT
    subject.customer_id,
    subject.as_of,
    debt_to_income.debt_to_income,
    loan_to_value.loan_to_value,
    loan_to_value.combined_ltv,
    credit_utilization.credit_utilization,
    payment_delay.worst_payment_delay_3m,
    payment_delay.worst_payment_delay_6m,
    payment_delay.worst_payment_delay_12m,
    payment_delay.mean_payment_delay_3m,
    payment_delay.mean_payment_delay_6m,
    payment_delay.mean_payment_delay_12m,
    income_stability.income_variation,
    savings_rate.savings_rate,
    account_age.account_age,
    balance_trend.balance_trend,
    overdrafts.overdrafts_12m,
    transaction_patterns.transactions_90d,
    transaction_patterns.largest_payout_share_90d
FROM ml.subject AS subject
INNER JOIN features.debt_to_income AS debt_to_income
    ON debt_to_income.customer_id = subject.customer_id
    AND debt_to_income.as_of = subject.as_of
INNER JOIN features.loan_to_value AS loan_to_value
    ON loan_to_value.customer_id = subject.customer_id
    AND loan_to_value.as_of = subject.as_of
INNER JOIN features.credit_utilization AS credit_utilization
    ON credit_utilization.customer_id = subject.customer_id
    AND credit_utilization.as_of = subject.as_of
INNER JOIN features.payment_delay AS payment_delay
    ON payment_delay.customer_id = subject.customer_id
    AND payment_delay.as_of = subject.as_of
INNER JOIN features.income_stability AS income_stability
    ON income_stability.customer_id = subject.customer_id
    AND income_stability.as_of = subject.as_of
INNER JOIN features.savings_rate AS savings_rate
    ON savings_rate.customer_id = subject.customer_id
    AND savings_rate.as_of = subject.as_of
INNER JOIN features.account_age AS account_age
    ON account_age.customer_id = subject.customer_id
    AND account_age.as_of = subject.as_of
INNER JOIN features.balance_trend AS balance_trend
    ON balance_trend.customer_id = subject.customer_id
    AND balance_trend.as_of = subject.as_of
INNER JOIN features.overdrafts AS overdrafts
    ON overdrafts.customer_id = subject.customer_id
    AND overdrafts.as_of = subject.as_of
INNER JOIN features.transaction_patterns AS transaction_patterns
    ON transaction_patterns.customer_id = subject.customer_id
    AND transaction_patterns.as_of = subject.as_of
