-- Products that a customer did not hold before a month, ranked for the customer by what was known before the month.
-- First come associations: products that holders of one of the customer's products hold more often than others do, the
-- most confident first. Then comes the rule, then what most customers hold. The months are the next one, and the
-- :evaluated_months before it, by which recommendation_quality judges the ranking.
-- grain: client_id, month, product
-- not null: client_id, month, product, popularity_rank
-- rule association: Of the holders of a product of the customer, at least :least_confidence_pct % hold it, which is at
--   least :least_lift_pct % of the share of all customers who do; at least :least_support_pct % of all hold both.
-- rule rule: It is a card, and an account of the customer ended each of the :steady_months months before above zero.
-- rule popularity: Neither; customers hold it.
-- unit percent: confidence_pct, lift_pct
-- month: The first day of the month.
-- product: The product.
-- source: How the product was found; null if it is not recommended: a credit product for a customer in arrears.
-- held_product: The product that the customer holds, of an association.
-- confidence_pct: Holders of held_product who also hold the product, in percent.
-- lift_pct: Confidence in percent of the share of all customers who hold the product.
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
        owner.client_id
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
        product.product
    FROM customer
    INNER JOIN gold.held_product AS product
        ON product.client_id = customer.client_id
        AND product.held_since < customer.month
),
everybody AS (
    SELECT
        customer.month,
        COUNT(*) AS customers
    FROM customer
    GROUP BY
        customer.month
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
pair AS (
    SELECT
        one.month,
        one.product AS held_product,
        another.product,
        COUNT(*) AS holders_of_both
    FROM held AS one
    INNER JOIN held AS another
        ON another.month = one.month
        AND another.client_id = one.client_id
        AND another.product <> one.product
    GROUP BY
        one.month,
        one.product,
        another.product
),
association AS (
    SELECT
        pair.month,
        pair.held_product,
        pair.product,
        100E0 * CAST(pair.holders_of_both AS DOUBLE) / CAST(of_held.holders AS DOUBLE) AS confidence_pct,
        100E0 * CAST(pair.holders_of_both * everybody.customers AS DOUBLE)
        / CAST(of_held.holders * of_product.holders AS DOUBLE) AS lift_pct
    FROM pair
    INNER JOIN popular AS of_held
        ON of_held.month = pair.month
        AND of_held.product = pair.held_product
    INNER JOIN popular AS of_product
        ON of_product.month = pair.month
        AND of_product.product = pair.product
    INNER JOIN everybody
        ON everybody.month = pair.month
    WHERE
        100 * pair.holders_of_both >= :least_support_pct * everybody.customers
        AND 100 * pair.holders_of_both >= :least_confidence_pct * of_held.holders
        AND 100 * pair.holders_of_both * everybody.customers
        >= :least_lift_pct * of_held.holders * of_product.holders
),
associated AS (
    SELECT
        held.month,
        held.client_id,
        association.product,
        association.held_product,
        association.confidence_pct,
        association.lift_pct,
        ROW_NUMBER() OVER (
            PARTITION BY held.month, held.client_id, association.product
            ORDER BY
                association.confidence_pct DESC NULLS LAST,
                association.held_product ASC NULLS LAST
        ) AS choice
    FROM held
    INNER JOIN association
        ON association.month = held.month
        AND association.held_product = held.product
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
    CROSS JOIN silver.loan AS loan
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
        popular.product,
        popular.holders,
        CASE
            WHEN popular.product IN (:credit_products) AND in_arrears.client_id IS NOT NULL THEN NULL
            WHEN associated.product IS NOT NULL THEN 'association'
            WHEN popular.product = 'card' AND steady.client_id IS NOT NULL THEN 'rule'
            ELSE 'popularity'
        END AS source,
        associated.held_product,
        associated.confidence_pct,
        associated.lift_pct
    FROM customer
    INNER JOIN popular
        ON popular.month = customer.month
    LEFT JOIN held
        ON held.month = customer.month
        AND held.client_id = customer.client_id
        AND held.product = popular.product
    LEFT JOIN associated
        ON associated.month = customer.month
        AND associated.client_id = customer.client_id
        AND associated.product = popular.product
        AND associated.choice = 1
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
    CASE WHEN candidate.source = 'association' THEN candidate.confidence_pct END AS confidence_pct,
    CASE WHEN candidate.source = 'association' THEN candidate.lift_pct END AS lift_pct,
    CASE
        WHEN candidate.source IS NOT NULL
            THEN CAST(
                ROW_NUMBER() OVER (
                    PARTITION BY candidate.month, candidate.client_id
                    ORDER BY
                        CASE candidate.source
                            WHEN 'association' THEN 1
                            WHEN 'rule' THEN 2
                            WHEN 'popularity' THEN 3
                            ELSE 4
                        END ASC NULLS LAST,
                        candidate.confidence_pct DESC NULLS LAST,
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
