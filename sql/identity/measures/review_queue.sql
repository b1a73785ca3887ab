-- Nothing but the rows is counted.
SELECT
    'pairs' AS measure,
    COUNT(*) AS amount
FROM review_queue AS queue
