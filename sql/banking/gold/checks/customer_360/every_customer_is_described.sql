-- Clients with a right to an account that are not described.
-- broken by: client_id = 'nobody'
SELECT DISTINCT
    disposition.client_id
FROM silver.disposition AS disposition
LEFT JOIN gold.customer_360 AS customer
    ON customer.client_id = disposition.client_id
WHERE
    customer.client_id IS NULL
