-- The customers and days for which features are computed: the day of each past decision, and the as-of day for everybody
-- who has an account.
-- grain: customer_id, as_of
-- not null: customer_id, as_of
-- as_of: The day; nothing dated later counts.
SELECT
    decision.customer_id,
    decision.decided_on AS as_of
FROM staging.credit_decision AS decision
WHERE
    decision.decided_on <= :as_of
UNION
SELECT
    account.customer_id,
    :as_of AS as_of
FROM staging.customer_account AS account
WHERE
    account.opened_on <= :as_of
