-- Past loans with what was known on the day of the decision, and whether they defaulted if that was known by the as-of
-- day. The model default_risk is trained on the rows with an outcome.
-- grain: loan_id
-- not null: customer_id, decided_on
-- unit months: account_age
-- unit USD: deposit_balance
-- unit ratio: savings_rate
-- unit transactions: transactions_90d
-- unit times: overdrafts_12m
SELECT
    loan.loan_id,
    loan.customer_id,
    loan.decided_on,
    CAST(loan.account_age AS DOUBLE) AS account_age,
    CAST(loan.deposit_balance AS DOUBLE) AS deposit_balance,
    CAST(loan.savings_rate AS DOUBLE) AS savings_rate,
    CAST(loan.transactions_90d AS DOUBLE) AS transactions_90d,
    CAST(loan.overdrafts_12m AS DOUBLE) AS overdrafts_12m,
    CASE WHEN loan.outcome_known_on <= :as_of THEN loan.defaulted END AS defaulted,
    CASE WHEN loan.outcome_known_on <= :as_of THEN loan.outcome_known_on END AS outcome_known_on
FROM staging.loan_history AS loan
WHERE
    loan.decided_on <= :as_of
