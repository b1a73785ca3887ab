-- Overdrafts: how often the balance of deposits fell below zero in the newest twelve months.
-- A balance below zero counts if the balance before it was not below zero, or if there is none before it. The newest month
-- is that of the as-of day. Unknown without a balance in these months.
-- grain: customer_id, as_of
-- unit times: overdrafts_12m
-- risk rises: overdrafts_12m
-- overdrafts_12m: How often the balance fell below zero in the newest twelve months.
WITH known AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        (YEAR(subject.as_of) - YEAR(balance.balance_on)) * 12 + MONTH(subject.as_of) - MONTH(balance.balance_on)
            AS months_ago,
        balance.balance,
        LAG(balance.balance) OVER (
            PARTITION BY
                subject.customer_id,
                subject.as_of
            ORDER BY
                balance.balance_on ASC NULLS LAST,
                balance.balance ASC NULLS LAST
        ) AS balance_before
    FROM input.subject AS subject
    INNER JOIN input.balance AS balance
        ON balance.customer_id = subject.customer_id
        AND balance.balance_on <= subject.as_of
    WHERE
        balance.balance IS NOT NULL
),
counted AS (
    SELECT
        known.customer_id,
        known.as_of,
        SUM(CASE WHEN known.balance < 0 AND COALESCE(known.balance_before, 0) >= 0 THEN 1 ELSE 0 END) AS overdrafts
    FROM known
    WHERE
        known.months_ago < 12
    GROUP BY
        known.customer_id,
        known.as_of
)
SELECT
    subject.customer_id,
    subject.as_of,
    CAST(counted.overdrafts AS DOUBLE) AS overdrafts_12m
FROM input.subject AS subject
LEFT JOIN counted
    ON counted.customer_id = subject.customer_id
    AND counted.as_of = subject.as_of
