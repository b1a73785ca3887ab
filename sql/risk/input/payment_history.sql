-- Payment histories as texts: the events have none.
SELECT
    CAST(NULL AS VARCHAR) AS customer_id,
    CAST(NULL AS DATE) AS reported_on,
    CAST(NULL AS VARCHAR) AS payment_history
WHERE
    FALSE
