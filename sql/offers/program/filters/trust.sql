-- Is the customer who they say they are, and is the account in use?
-- grain: customer_id
-- rule identity_verified_missing: It is unknown whether the identity is verified.
-- rule identity_unverified: The identity is not verified.
-- rule account_status_missing: The status of the account is unknown.
-- rule account_not_active: The status of the account is not active.
SELECT
    customer.customer_id,
    CASE
        WHEN customer.identity_verified IS NULL THEN 'identity_verified_missing'
        WHEN NOT customer.identity_verified THEN 'identity_unverified'
    END AS identity,
    CASE
        WHEN customer.account_status IS NULL THEN 'account_status_missing'
        WHEN customer.account_status <> 'active' THEN 'account_not_active'
    END AS account
FROM program.customers AS customer
