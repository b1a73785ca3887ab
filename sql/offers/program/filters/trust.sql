-- Is the customer who they say they are, and is the account in use?
-- grain: customer_id
-- rule identity_verified_missing: identity_verified is true;
--   else eligible when it is known that the identity is verified.
-- rule identity_unverified: identity_verified is true; else eligible when the identity is verified.
-- rule account_status_missing: account_status is active; else eligible when it is known that the account is active.
-- rule account_not_active: account_status is active; else eligible when the account is active.
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
