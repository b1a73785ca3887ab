-- The customers and days for which features are computed: one row per customer and day.
-- Nothing dated later than as_of is read for a row.
SELECT
    CAST(subject.customer_id AS VARCHAR) AS customer_id,
    CAST(subject.as_of AS DATE) AS as_of
FROM ml.subject AS subject
