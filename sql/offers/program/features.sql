-- The features of the customers who pass the chain, as the models read them.
-- Those that the extract has are taken as given; payment delays are computed from the text, as sql/ml/features/ says.
-- A feature is null if it is unknown.
-- grain: customer_id
-- not null: customer_id
SELECT
    subject.customer_id,
    CAST(customer.credit_score AS DOUBLE) AS credit_score,
    CAST(customer.income AS DOUBLE) AS income,
    CAST(customer.debt_to_income_ratio AS DOUBLE) AS debt_to_income,
    payment_delay.worst_payment_delay_3m,
    payment_delay.worst_payment_delay_6m,
    payment_delay.worst_payment_delay_12m,
    payment_delay.mean_payment_delay_3m,
    payment_delay.mean_payment_delay_6m,
    payment_delay.mean_payment_delay_12m,
    CAST(customer.account_age AS DOUBLE) AS account_age,
    CAST(customer.deposit_balance AS DOUBLE) AS deposit_balance,
    CAST(customer.savings_rate AS DOUBLE) AS savings_rate,
    CAST(customer.transactions_90d AS DOUBLE) AS transactions_90d,
    CAST(customer.overdrafts_12m AS DOUBLE) AS overdrafts_12m
FROM program.subject AS subject
INNER JOIN program.customers AS customer
    ON customer.customer_id = subject.customer_id
INNER JOIN features.payment_delay AS payment_delay
    ON payment_delay.customer_id = subject.customer_id
    AND payment_delay.as_of = subject.as_of
