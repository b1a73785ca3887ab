-- Products that a customer did not hold before a month, ranked for the customer by what was known before the month.
-- The order is that of the purchases to expect: the purchases a year of customers who did not hold the product, or, with
-- an association, of those among them who held a product that the customer holds. An association is a product after
-- which others are bought more often, or less often; of several, the one that changes most counts. The months are the
-- next one and the :evaluated_months before it, by which recommendation_quality judges the order.
-- grain: client_id, month, product
-- not null: client_id, month, product, expected_pct, popularity_rank
-- rule association: Customers who hold held_product buy it at least :least_lift_pct % as often as all customers do;
--   at least :least_support_count have, and at least :least_confidence_pct of 100 a year.
-- rule rule: It is a card, and an account of the customer ended each of the :steady_months months before above zero.
-- rule popularity: Neither; it has no other reason than that customers buy it.
-- unit percent: expected_pct, lift_pct
-- month: The first day of the month.
-- product: The product.
-- source: Why the product is recommended; null if it is not, as a credit product for a customer in arrears.
-- held_product: The product that the customer holds, of an association.
-- expected_pct: Purchases a year by 100 such customers.
-- lift_pct: expected_pct in percent of the purchases a year by 100 of all customers, of an association.
-- recommendation_rank: The place of the product among those that are recommended to the customer.
-- popularity_rank: The place of the product if only the number of its holders counted.
WITH latest AS (
    SELECT
        MAX(account_month.month) AS month
    FROM gold.account_month AS account_month
),
reference AS (
    SELECT
        CAST(DATE_ADD('month', 1 - step.number, latest.month) AS DATE) AS month,
        step.number = 0 AS is_next
    FROM latest
    CROSS JOIN UNNEST(SEQUENCE(0, :evaluated_months)) AS step (number)
    WHERE
        latest.month IS NOT NULL
),
customer AS (
    SELECT
        reference.month,
        owner.client_id,
        MIN(account.opened_on) AS customer_since
    FROM reference
    INNER JOIN silver.account AS account
        ON account.opened_on < reference.month
    INNER JOIN silver.disposition AS owner
        ON owner.account_id = account.account_id
        AND owner.role = 'owner'
    GROUP BY
        reference.month,
        owner.client_id
),
held AS (
    SELECT
        customer.month,
        customer.client_id,
        product.product,
        product.held_since
    FROM customer
    INNER JOIN gold.held_product AS product
        ON product.client_id = customer.client_id
        AND product.held_since < customer.month
),
popular AS (
    SELECT
        held.month,
        held.product,
        COUNT(*) AS holders
    FROM held
    GROUP BY
        held.month,
        held.product
),
usual AS (
    SELECT
        customer.month,
        popular.product,
        popular.holders,
        COUNT(held.held_since) AS purchases,
        SUM(
            GREATEST(1, DATE_DIFF('day', customer.customer_since, COALESCE(held.held_since, customer.month)))
        ) AS days
    FROM customer
    INNER JOIN popular
        ON popular.month = customer.month
    LEFT JOIN held
        ON held.month = customer.month
        AND held.client_id = customer.client_id
        AND held.product = popular.product
    GROUP BY
        customer.month,
        popular.product,
        popular.holders
),
following AS (
    SELECT
        holder.month,
        holder.product AS held_product,
        popular.product,
        COUNT(held.held_since) AS purchases,
        SUM(GREATEST(1, DATE_DIFF('day', holder.held_since, COALESCE(held.held_since, holder.month)))) AS days
    FROM held AS holder
    INNER JOIN popular
        ON popular.month = holder.month
        AND popular.product <> holder.product
    LEFT JOIN held
        ON held.month = holder.month
        AND held.client_id = holder.client_id
        AND held.product = popular.product
    WHERE
        held.held_since IS NULL
        OR held.held_since > holder.held_since
    GROUP BY
        holder.month,
        holder.product,
        popular.product
),
compared AS (
    SELECT
        following.month,
        following.held_product,
        following.product,
        following.purchases,
        36525E0 * CAST(following.purchases AS DOUBLE) / CAST(following.days AS DOUBLE) AS expected_pct,
        100E0 * (CAST(following.purchases AS DOUBLE) * CAST(usual.days AS DOUBLE))
        / (CAST(following.days AS DOUBLE) * CAST(usual.purchases AS DOUBLE)) AS lift_pct
    FROM following
    INNER JOIN usual
        ON usual.month = following.month
        AND usual.product = following.product
    WHERE
        following.days >= :least_exposure_days
),
changing AS (
    SELECT
        held.month,
        held.client_id,
        compared.product,
        compared.held_product,
        compared.purchases,
        compared.expected_pct,
        compared.lift_pct,
        ROW_NUMBER() OVER (
            PARTITION BY held.month, held.client_id, compared.product
            ORDER BY
                CASE
                    WHEN compared.lift_pct >= 100E0 THEN compared.lift_pct
                    WHEN compared.lift_pct > 0E0 THEN 10000E0 / compared.lift_pct
                END DESC NULLS FIRST,
                compared.held_product ASC NULLS LAST
        ) AS choice
    FROM held
    INNER JOIN compared
        ON compared.month = held.month
        AND compared.held_product = held.product
),
steady_account AS (
    SELECT
        reference.month,
        account_month.account_id
    FROM reference
    INNER JOIN gold.account_month AS account_month
        ON account_month.month < reference.month
        AND account_month.month >= CAST(DATE_ADD('month', -:steady_months, reference.month) AS DATE)
    WHERE
        account_month.closing_balance > 0
    GROUP BY
        reference.month,
        account_month.account_id,
        account_month.currency
    HAVING
        COUNT(*) = :steady_months
),
steady AS (
    SELECT DISTINCT
        steady_account.month,
        owner.client_id
    FROM steady_account
    INNER JOIN silver.disposition AS owner
        ON owner.account_id = steady_account.account_id
        AND owner.role = 'owner'
),
in_arrears AS (
    SELECT
        reference.month,
        owner.client_id
    FROM reference
    INNER JOIN gold.account_month AS account_month
        ON account_month.month < reference.month
        AND account_month.month >= CAST(DATE_ADD('month', -:arrears_months, reference.month) AS DATE)
        AND account_month.days_below_zero > 0
    INNER JOIN silver.disposition AS owner
        ON owner.account_id = account_month.account_id
        AND owner.role = 'owner'
    UNION
    SELECT
        reference.month,
        owner.client_id
    FROM reference
    INNER JOIN silver.loan AS loan
        ON loan.granted_on < reference.month
    INNER JOIN silver.disposition AS owner
        ON owner.account_id = loan.account_id
        AND owner.role = 'owner'
    WHERE
        reference.is_next
        AND loan.is_default
),
candidate AS (
    SELECT
        customer.month,
        customer.client_id,
        usual.product,
        usual.holders,
        CASE
            WHEN usual.product IN (:credit_products) AND in_arrears.client_id IS NOT NULL THEN NULL
            WHEN changing.purchases >= :least_support_count
                AND changing.lift_pct >= CAST(:least_lift_pct AS DOUBLE)
                AND changing.expected_pct >= CAST(:least_confidence_pct AS DOUBLE)
                THEN 'association'
            WHEN usual.product = 'card' AND steady.client_id IS NOT NULL THEN 'rule'
            ELSE 'popularity'
        END AS source,
        COALESCE(
            changing.expected_pct, 36525E0 * CAST(usual.purchases AS DOUBLE) / CAST(usual.days AS DOUBLE)
        ) AS expected_pct,
        changing.held_product,
        changing.lift_pct
    FROM customer
    INNER JOIN usual
        ON usual.month = customer.month
    LEFT JOIN held
        ON held.month = customer.month
        AND held.client_id = customer.client_id
        AND held.product = usual.product
    LEFT JOIN changing
        ON changing.month = customer.month
        AND changing.client_id = customer.client_id
        AND changing.product = usual.product
        AND changing.choice = 1
    LEFT JOIN steady
        ON steady.month = customer.month
        AND steady.client_id = customer.client_id
    LEFT JOIN in_arrears
        ON in_arrears.month = customer.month
        AND in_arrears.client_id = customer.client_id
    WHERE
        held.client_id IS NULL
)
SELECT
    candidate.client_id,
    candidate.month,
    candidate.product,
    CAST(candidate.source AS VARCHAR) AS source,
    CASE WHEN candidate.source = 'association' THEN candidate.held_product END AS held_product,
    candidate.expected_pct,
    CASE WHEN candidate.source = 'association' THEN candidate.lift_pct END AS lift_pct,
    CASE
        WHEN candidate.source IS NOT NULL
            THEN CAST(
                ROW_NUMBER() OVER (
                    PARTITION BY candidate.month, candidate.client_id, candidate.source IS NOT NULL
                    ORDER BY
                        candidate.expected_pct DESC NULLS LAST,
                        candidate.holders DESC NULLS LAST,
                        candidate.product ASC NULLS LAST
                )
                AS BIGINT
            )
    END AS recommendation_rank,
    CAST(
        ROW_NUMBER() OVER (
            PARTITION BY candidate.month, candidate.client_id
            ORDER BY
                candidate.holders DESC NULLS LAST,
                candidate.product ASC NULLS LAST
        )
        AS BIGINT
    ) AS popularity_rank
FROM candidate
