-- Credit utilization: balance over limit of all revolving lines, by the newest report of each line.
-- Unknown if a balance or a limit is unknown, or if the limits are zero. Of two reports of a line on a day, the one with
-- the larger balance counts, then the one with the smaller limit. The ratio of revolving balances to limits that credit
-- scores count among the amounts owed.
-- grain: customer_id, as_of
-- unit ratio: credit_utilization
-- risk rises: credit_utilization
-- credit_utilization: Balance over limit of all revolving lines.
WITH reported AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        line.balance,
        line.credit_limit,
        ROW_NUMBER() OVER (
            PARTITION BY
                subject.customer_id,
                subject.as_of,
                line.line_id
            ORDER BY
                line.reported_on DESC NULLS LAST,
                line.balance DESC NULLS LAST,
                line.credit_limit ASC NULLS LAST
        ) AS choice
    FROM input.subject AS subject
    LEFT JOIN input.credit_line AS line
        ON line.customer_id = subject.customer_id
        AND line.reported_on <= subject.as_of
)
SELECT
    reported.customer_id,
    reported.as_of,
    CASE
        WHEN COUNT(reported.balance) = COUNT(*) AND COUNT(reported.credit_limit) = COUNT(*)
            AND SUM(reported.credit_limit) > 0
            THEN CAST(SUM(reported.balance) AS DOUBLE) / CAST(SUM(reported.credit_limit) AS DOUBLE)
    END AS credit_utilization
FROM reported
WHERE
    reported.choice = 1
GROUP BY
    reported.customer_id,
    reported.as_of
