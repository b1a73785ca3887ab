-- Single payments, of which the extract has none.
SELECT
    CAST(NULL AS VARCHAR) AS customer_id,
    CAST(NULL AS DATE) AS due_on,
    CAST(NULL AS DATE) AS paid_on
WHERE
    FALSE
