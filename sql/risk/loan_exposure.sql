-- Every loan of the portfolio, with its borrower's newest score and how long the borrower has owed a payment.
-- A payment does not name a loan, so a borrower's oldest unpaid payment counts for all loans of the borrower.
-- grain: loan_id
-- not null: loan_id, borrower_id, product, originated_on, balance, band, days_past_due, delinquency
-- unit USD: balance
-- unit days: days_past_due
-- probability: Probability of default; null for a borrower without a score.
-- band: Band of the probability, or not_scored.
-- days_past_due: Days since the oldest payment was due that is not paid; 0 if none is owed.
-- delinquency: current, or the days past due: days_1_to_29, days_30_to_89, days_90_and_more.
WITH payment AS (
    SELECT
        event.borrower_id,
        event.due_on,
        event.paid_on,
        ROW_NUMBER() OVER (
            PARTITION BY
                event.borrower_id,
                event.payment_id
            ORDER BY
                event.event_time DESC NULLS LAST,
                event.event_id DESC NULLS LAST
        ) AS choice
    FROM risk.events AS event
    WHERE
        event.kind = 'payment'
        AND CAST(event.event_time AS DATE) <= :as_of
        AND NOT event.is_too_late
),
overdue AS (
    SELECT
        payment.borrower_id,
        CAST(MAX(DATE_DIFF('day', payment.due_on, :as_of)) AS BIGINT) AS days_past_due
    FROM payment
    WHERE
        payment.choice = 1
        AND payment.due_on < :as_of
        AND (payment.paid_on IS NULL OR payment.paid_on > :as_of)
    GROUP BY
        payment.borrower_id
)
SELECT
    loan.loan_id,
    loan.borrower_id,
    loan.product,
    borrower.state,
    loan.originated_on,
    loan.balance,
    score.probability,
    COALESCE(score.band, 'not_scored') AS band,
    COALESCE(overdue.days_past_due, CAST(0 AS BIGINT)) AS days_past_due,
    CASE
        WHEN overdue.days_past_due >= 90 THEN 'days_90_and_more'
        WHEN overdue.days_past_due >= 30 THEN 'days_30_to_89'
        WHEN overdue.days_past_due >= 1 THEN 'days_1_to_29'
        ELSE 'current'
    END AS delinquency
FROM staging.portfolio_loan AS loan
LEFT JOIN staging.portfolio_borrower AS borrower
    ON borrower.borrower_id = loan.borrower_id
LEFT JOIN risk.scores AS score
    ON score.borrower_id = loan.borrower_id
LEFT JOIN overdue
    ON overdue.borrower_id = loan.borrower_id
