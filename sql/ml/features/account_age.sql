-- Account age: whole months since the customer's oldest account was opened; unknown without an account.
-- Credit scores count the age of the oldest account as the length of the credit history.
-- grain: customer_id, as_of
-- unit months: account_age
-- risk falls: account_age
-- account_age: Whole months since the oldest account was opened.
WITH opened AS (
    SELECT
        subject.customer_id,
        subject.as_of,
        MIN(account.opened_on) AS opened_on
    FROM input.subject AS subject
    LEFT JOIN input.account AS account
        ON account.customer_id = subject.customer_id
        AND account.opened_on <= subject.as_of
    GROUP BY
        subject.customer_id,
        subject.as_of
)
SELECT
    opened.customer_id,
    opened.as_of,
    CAST(
        (YEAR(opened.as_of) - YEAR(opened.opened_on)) * 12
        + MONTH(opened.as_of) - MONTH(opened.opened_on)
        - CASE WHEN DAY(opened.as_of) < DAY(opened.opened_on) THEN 1 ELSE 0 END
        AS DOUBLE
    ) AS account_age
FROM opened
