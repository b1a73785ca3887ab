-- The customers and days for which features are computed: one row per customer and day of a decided application.
-- Nothing dated later than as_of is read for a row.
SELECT DISTINCT
    CAST(application.customer_id AS VARCHAR) AS customer_id,
    CAST(application.decided_on AS DATE) AS as_of
FROM staging.application_history AS application
