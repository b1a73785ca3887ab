-- Past applications for loans with what was known on the day of the decision, and the decision if it was known by the
-- as-of day. The model loan_approval is trained on the rows with a decision.
-- grain: application_id
-- not null: customer_id, decided_on
-- unit USD a year: income
-- unit ratio: debt_to_income
-- debt_to_income: Payments a month on all debts over gross income a month.
SELECT
    application.application_id,
    application.customer_id,
    application.decided_on,
    CAST(application.credit_score AS DOUBLE) AS credit_score,
    CAST(application.income AS DOUBLE) AS income,
    CAST(application.debt_to_income_ratio AS DOUBLE) AS debt_to_income,
    payment_delay.worst_payment_delay_3m,
    payment_delay.worst_payment_delay_6m,
    payment_delay.worst_payment_delay_12m,
    payment_delay.mean_payment_delay_3m,
    payment_delay.mean_payment_delay_6m,
    payment_delay.mean_payment_delay_12m,
    CASE WHEN application.outcome_known_on <= :as_of THEN application.approved END AS approved,
    CASE WHEN application.outcome_known_on <= :as_of THEN application.outcome_known_on END AS outcome_known_on
FROM staging.application_history AS application
INNER JOIN features.payment_delay AS payment_delay
    ON payment_delay.customer_id = application.customer_id
    AND payment_delay.as_of = application.decided_on
WHERE
    application.decided_on <= :as_of
