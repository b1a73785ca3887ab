-- Payment delay: how late payments were, month by month, in months of 30 days; 6 is 180 days or more.
-- A month's delay is that of its latest payment, from payments (input.payment) or from a text of one character a month
-- (the newest in input.payment_history, which explains the characters); if both are known, the longer one. A payment that
-- is not paid yet is late up to the as-of day. The newest month is that of the as-of day; months in which nothing was due
-- do not count, and if that is all of them, the delay is unknown. The months are those of the payment history profile of
-- Metro 2, the format of US credit bureaus: 0 is up to 29 days late, 1 is 30 to 59 days, 6 is 180 days or more.
-- grain: customer_id, as_of
-- unit months: worst_payment_delay_3m, worst_payment_delay_6m, worst_payment_delay_12m, mean_payment_delay_3m,
--   mean_payment_delay_6m, mean_payment_delay_12m
-- risk rises: worst_payment_delay_3m, worst_payment_delay_6m, worst_payment_delay_12m, mean_payment_delay_3m,
--   mean_payment_delay_6m, mean_payment_delay_12m
-- worst_payment_delay_3m: Longest delay of the newest 3 months.
-- worst_payment_delay_6m: Longest delay of the newest 6 months.
-- worst_payment_delay_12m: Longest delay of the newest 12 months.
-- mean_payment_delay_3m: Mean delay of the newest 3 months.
-- mean_payment_delay_6m: Mean delay of the newest 6 months.
-- mean_payment_delay_12m: Mean delay of the newest 12 months.
WITH due AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        (YEAR(subject.as_of) - YEAR(payment.due_on)) * 12 + MONTH(subject.as_of) - MONTH(payment.due_on) AS months_ago,
        DATE_DIFF(
            'day',
            payment.due_on,
            CASE WHEN payment.paid_on <= subject.as_of THEN payment.paid_on ELSE subject.as_of END
        ) AS days_late
    FROM input.subject AS subject
    INNER JOIN input.payment AS payment
        ON payment.customer_id = subject.customer_id
        AND payment.due_on <= subject.as_of
),
reported AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        (YEAR(subject.as_of) - YEAR(history.reported_on)) * 12 + MONTH(subject.as_of) - MONTH(history.reported_on)
            AS months_ago,
        history.payment_history,
        ROW_NUMBER() OVER (
            PARTITION BY
                subject.customer_id,
                subject.as_of
            ORDER BY
                history.reported_on DESC NULLS LAST,
                history.payment_history DESC NULLS LAST
        ) AS choice
    FROM input.subject AS subject
    INNER JOIN input.payment_history AS history
        ON history.customer_id = subject.customer_id
        AND history.reported_on <= subject.as_of
),
delay AS (
    SELECT
        due.customer_id,
        due.as_of,
        due.months_ago,
        CASE
            WHEN due.days_late >= 180 THEN 6
            WHEN due.days_late >= 150 THEN 5
            WHEN due.days_late >= 120 THEN 4
            WHEN due.days_late >= 90 THEN 3
            WHEN due.days_late >= 60 THEN 2
            WHEN due.days_late >= 30 THEN 1
            ELSE 0
        END AS months_late
    FROM due
    UNION ALL
    SELECT
        reported.customer_id,
        reported.as_of,
        reported.months_ago + month.number - 1 AS months_ago,
        STRPOS('0123456', SUBSTR(reported.payment_history, month.number, 1)) - 1 AS months_late
    FROM reported
    CROSS JOIN UNNEST(SEQUENCE(1, 12)) AS month (number)
    WHERE
        reported.choice = 1
        AND month.number <= LENGTH(reported.payment_history)
),
-- A text's character for nothing due has no place among the digits, and is -1 here.
month_delay AS (
    SELECT
        delay.customer_id,
        delay.as_of,
        delay.months_ago,
        CAST(MAX(delay.months_late) AS DOUBLE) AS months_late
    FROM delay
    WHERE
        delay.months_late >= 0
        AND delay.months_ago < 12
    GROUP BY
        delay.customer_id,
        delay.as_of,
        delay.months_ago
)
SELECT
    subject.customer_id,
    subject.as_of,
    MAX(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS worst_payment_delay_3m,
    MAX(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS worst_payment_delay_6m,
    MAX(month_delay.months_late) AS worst_payment_delay_12m,
    AVG(CASE WHEN month_delay.months_ago < 3 THEN month_delay.months_late END) AS mean_payment_delay_3m,
    AVG(CASE WHEN month_delay.months_ago < 6 THEN month_delay.months_late END) AS mean_payment_delay_6m,
    AVG(month_delay.months_late) AS mean_payment_delay_12m
FROM input.subject AS subject
LEFT JOIN month_delay
    ON month_delay.customer_id = subject.customer_id
    AND month_delay.as_of = subject.as_of
GROUP BY
    subject.customer_id,
    subject.as_of
