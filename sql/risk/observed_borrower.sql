-- Borrowers on past days with their features at the end of the day, and the outcome if it was known by the as-of day.
-- Models are trained on the rows with an outcome.
-- grain: borrower_id, observed_on
-- not null: borrower_id, observed_on
SELECT
    outcome.borrower_id,
    outcome.observed_on,
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
    known.largest_payout_share_90d,
    CASE WHEN outcome.outcome_known_on <= :as_of THEN outcome.defaulted END AS defaulted,
    CASE WHEN outcome.outcome_known_on <= :as_of THEN outcome.outcome_known_on END AS outcome_known_on
FROM staging.default_outcome AS outcome
INNER JOIN risk.subject_features AS known
    ON known.borrower_id = outcome.borrower_id
    AND known.as_of = outcome.observed_on
WHERE
    outcome.observed_on <= :as_of
