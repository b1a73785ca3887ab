-- The features of borrowers at the end of days, each as sql/ml/features/ defines it.
-- A feature is null if it is unknown.
-- grain: borrower_id, as_of
-- not null: borrower_id, as_of
WITH identified AS (
    SELECT
        subject.borrower_id,
        subject.as_of,
        subject.borrower_id || '@' || CAST(subject.as_of AS VARCHAR) AS customer_id
    FROM risk.subject AS subject
)
SELECT
    identified.borrower_id,
    identified.as_of,
    debt_to_income.debt_to_income,
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
FROM identified
INNER JOIN features.debt_to_income AS debt_to_income
    ON debt_to_income.customer_id = identified.customer_id
INNER JOIN features.credit_utilization AS credit_utilization
    ON credit_utilization.customer_id = identified.customer_id
INNER JOIN features.payment_delay AS payment_delay
    ON payment_delay.customer_id = identified.customer_id
INNER JOIN features.income_stability AS income_stability
    ON income_stability.customer_id = identified.customer_id
INNER JOIN features.savings_rate AS savings_rate
    ON savings_rate.customer_id = identified.customer_id
INNER JOIN features.account_age AS account_age
    ON account_age.customer_id = identified.customer_id
INNER JOIN features.balance_trend AS balance_trend
    ON balance_trend.customer_id = identified.customer_id
INNER JOIN features.overdrafts AS overdrafts
    ON overdrafts.customer_id = identified.customer_id
INNER JOIN features.transaction_patterns AS transaction_patterns
    ON transaction_patterns.customer_id = identified.customer_id
