-- Savings rate: the share of what was paid in during the last six whole months that was not paid out again.
-- Unknown if nothing was paid in. As the personal saving rate of the US Bureau of Economic Analysis, which is saving over
-- disposable income, but of the flows of an account.
-- grain: customer_id, as_of
-- unit ratio: savings_rate
-- risk falls: savings_rate
-- savings_rate: Paid in less paid out, over paid in, of the last six whole months.
WITH flow AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        (YEAR(subject.as_of) - YEAR(movement.booked_on)) * 12 + MONTH(subject.as_of) - MONTH(movement.booked_on)
            AS months_ago,
        movement.amount
    FROM input.subject AS subject
    INNER JOIN input.transaction AS movement
        ON movement.customer_id = subject.customer_id
        AND movement.booked_on <= subject.as_of
),
summed AS (
    SELECT
        flow.customer_id,
        flow.as_of,
        SUM(flow.amount) AS saved,
        SUM(CASE WHEN flow.amount > 0 THEN flow.amount END) AS paid_in
    FROM flow
    WHERE
        flow.months_ago BETWEEN 1 AND 6
    GROUP BY
        flow.customer_id,
        flow.as_of
)
SELECT
    subject.customer_id,
    subject.as_of,
    CAST(summed.saved AS DOUBLE) / CAST(summed.paid_in AS DOUBLE) AS savings_rate
FROM input.subject AS subject
LEFT JOIN summed
    ON summed.customer_id = subject.customer_id
    AND summed.as_of = subject.as_of
