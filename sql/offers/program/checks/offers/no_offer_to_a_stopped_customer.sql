-- Offers to customers whom a filter of the chain stops.
SELECT
    offer.customer_id
FROM program.offers AS offer
INNER JOIN program.judged AS judged
    ON judged.customer_id = offer.customer_id
