-- Offers that are the lender's own, and offers that are taken.
SELECT
    'own' AS measure,
    COUNT(*) AS amount
FROM refi.judged_offer AS judged
WHERE
    judged.is_own
UNION ALL
SELECT
    'taken' AS measure,
    COUNT(*) AS amount
FROM refi.judged_offer AS judged
WHERE
    judged.is_taken
