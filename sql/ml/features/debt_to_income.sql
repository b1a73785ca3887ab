-- Debt to income: payments a month on all debts over gross income a month, of the newest statement.
-- Unknown if either is unknown, or if the income is zero. Of two statements of a day, the one with more debt counts, then
-- the one with less income. The ratio of 12 CFR 1026.43(c)(7)(ii)(A).
-- grain: customer_id, as_of
-- unit ratio: debt_to_income
-- risk rises: debt_to_income
-- debt_to_income: Payments a month on all debts over gross income a month.
WITH stated AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        statement.gross_monthly_income,
        statement.monthly_debt,
        ROW_NUMBER() OVER (
            PARTITION BY
                subject.customer_id,
                subject.as_of
            ORDER BY
                statement.stated_on DESC NULLS LAST,
                statement.monthly_debt DESC NULLS LAST,
                statement.gross_monthly_income ASC NULLS LAST
        ) AS choice
    FROM input.subject AS subject
    LEFT JOIN input.statement AS statement
        ON statement.customer_id = subject.customer_id
        AND statement.stated_on <= subject.as_of
)
SELECT
    stated.customer_id,
    stated.as_of,
    CASE
        WHEN stated.gross_monthly_income > 0
            THEN CAST(stated.monthly_debt AS DOUBLE) / CAST(stated.gross_monthly_income AS DOUBLE)
    END AS debt_to_income
FROM stated
WHERE
    stated.choice = 1
