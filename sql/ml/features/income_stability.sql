-- Income variation: standard deviation over mean of the incomes of the last twelve whole months.
-- A month without income counts as zero once a month before it had some; months before the first income do not count.
-- Unknown with fewer than three months, or without any income in them. The coefficient of variation of a sample.
-- grain: customer_id, as_of
-- unit ratio: income_variation
-- risk rises: income_variation
-- income_variation: Standard deviation over mean of the incomes of the last twelve whole months.
WITH received AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        (YEAR(subject.as_of) - YEAR(income.received_on)) * 12 + MONTH(subject.as_of) - MONTH(income.received_on)
            AS months_ago,
        income.amount
    FROM input.subject AS subject
    INNER JOIN input.income AS income
        ON income.customer_id = subject.customer_id
        AND income.received_on <= subject.as_of
),
monthly AS (
    SELECT
        received.customer_id,
        received.as_of,
        received.months_ago,
        SUM(received.amount) AS amount
    FROM received
    WHERE
        received.months_ago >= 1
    GROUP BY
        received.customer_id,
        received.as_of,
        received.months_ago
),
summed AS (
    SELECT
        monthly.customer_id,
        monthly.as_of,
        LEAST(MAX(monthly.months_ago), 12) AS months,
        SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount END) AS total,
        SUM(CASE WHEN monthly.months_ago <= 12 THEN monthly.amount * monthly.amount END) AS total_of_squares
    FROM monthly
    GROUP BY
        monthly.customer_id,
        monthly.as_of
)
SELECT
    subject.customer_id,
    subject.as_of,
    CASE
        WHEN summed.months >= 3 AND summed.total > 0
            THEN SQRT(
                CAST(summed.months * summed.total_of_squares - summed.total * summed.total AS DOUBLE)
                * CAST(summed.months AS DOUBLE)
                / CAST(summed.months - 1 AS DOUBLE)
            ) / CAST(summed.total AS DOUBLE)
    END AS income_variation
FROM input.subject AS subject
LEFT JOIN summed
    ON summed.customer_id = subject.customer_id
    AND summed.as_of = subject.as_of
