-- Loan to value of a customer's home, by its newest value and the newest report of each lien on it.
-- Unknown if the value, a balance or the liens are unknown. Of two values of a day, the smaller counts; of two reports of a
-- lien on a day, the larger balance. As in Fannie Mae's Selling Guide, B2-1.2-01 (LTV) and B2-1.2-02 (combined LTV).
-- grain: customer_id, as_of
-- unit percent: loan_to_value, combined_ltv
-- risk rises: loan_to_value, combined_ltv
-- loan_to_value: Balance of the first lien over the value of the home.
-- combined_ltv: Balance of all liens over the value of the home.
WITH valued AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        property.value,
        ROW_NUMBER() OVER (
            PARTITION BY
                subject.customer_id,
                subject.as_of
            ORDER BY
                property.valued_on DESC NULLS LAST,
                property.value ASC NULLS LAST
        ) AS choice
    FROM input.subject AS subject
    LEFT JOIN input.property AS property
        ON property.customer_id = subject.customer_id
        AND property.valued_on <= subject.as_of
),
reported AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        lien.lien_position,
        lien.balance,
        ROW_NUMBER() OVER (
            PARTITION BY
                subject.customer_id,
                subject.as_of,
                lien.lien_id
            ORDER BY
                lien.reported_on DESC NULLS LAST,
                lien.balance DESC NULLS LAST,
                lien.lien_position ASC NULLS LAST
        ) AS choice
    FROM input.subject AS subject
    INNER JOIN input.lien AS lien
        ON lien.customer_id = subject.customer_id
        AND lien.reported_on <= subject.as_of
),
owed AS (
    SELECT
        reported.customer_id,
        reported.as_of,
        SUM(CASE WHEN reported.lien_position = 1 THEN reported.balance END) AS first_lien,
        CASE WHEN COUNT(reported.balance) = COUNT(*) THEN SUM(reported.balance) END AS all_liens
    FROM reported
    WHERE
        reported.choice = 1
    GROUP BY
        reported.customer_id,
        reported.as_of
)
SELECT
    valued.customer_id,
    valued.as_of,
    CASE
        WHEN valued.value > 0 THEN CAST(owed.first_lien AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
    END AS loan_to_value,
    CASE
        WHEN valued.value > 0 THEN CAST(owed.all_liens AS DOUBLE) * 100 / CAST(valued.value AS DOUBLE)
    END AS combined_ltv
FROM valued
LEFT JOIN owed
    ON owed.customer_id = valued.customer_id
    AND owed.as_of = valued.as_of
WHERE
    valued.choice = 1
