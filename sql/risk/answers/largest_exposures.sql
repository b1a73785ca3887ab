-- The balances of the hundred borrowers who owe the most, without their names.
-- grain: place
-- place: 1 is the borrower who owes the most.
WITH owed AS (
    SELECT
        exposure.borrower_id,
        SUM(exposure.balance) AS balance
    FROM risk.loan_exposure AS exposure
    GROUP BY
        exposure.borrower_id
),
placed AS (
    SELECT
        ROW_NUMBER() OVER (
            ORDER BY
                owed.balance DESC NULLS LAST,
                owed.borrower_id ASC NULLS LAST
        ) AS place,
        owed.balance
    FROM owed
)
SELECT
    placed.place,
    CAST(placed.balance AS DECIMAL(38, 2)) AS balance
FROM placed
WHERE
    placed.place <= 100
ORDER BY
    placed.place ASC NULLS LAST
