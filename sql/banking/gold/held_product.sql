-- The products that each customer holds, and since when. A product once held counts as held.
-- grain: client_id, product
-- not null: client_id, product, held_since
-- product: card, loan, insurance, or household: bills of the household paid by order.
-- held_since: The day of the first card, loan or payment.
WITH event AS (
    SELECT
        disposition.client_id,
        'card' AS product,
        card.issued_on AS held_since
    FROM silver.card AS card
    INNER JOIN silver.disposition AS disposition
        ON disposition.disposition_id = card.disposition_id
    UNION ALL
    SELECT
        owner.client_id,
        'loan' AS product,
        loan.granted_on AS held_since
    FROM silver.loan AS loan
    INNER JOIN silver.disposition AS owner
        ON owner.account_id = loan.account_id
        AND owner.role = 'owner'
    UNION ALL
    SELECT
        owner.client_id,
        booked.purpose AS product,
        booked.booked_on AS held_since
    FROM silver."transaction" AS booked
    INNER JOIN silver.disposition AS owner
        ON owner.account_id = booked.account_id
        AND owner.role = 'owner'
    WHERE
        booked.direction = 'out'
        AND booked.purpose IN ('household', 'insurance')
)
SELECT
    event.client_id,
    CAST(event.product AS VARCHAR) AS product,
    MIN(event.held_since) AS held_since
FROM event
GROUP BY
    event.client_id,
    CAST(event.product AS VARCHAR)
