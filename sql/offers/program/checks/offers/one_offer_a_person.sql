-- Offers of a person who has more than one.
SELECT
    MIN(offer.customer_id) AS customer_id
FROM program.offers AS offer
GROUP BY
    offer.person_id
HAVING
    COUNT(*) > 1
