-- All records of the person behind a customer, and whether each has an offer.
-- grain: customer_id
SELECT
    record.customer_id,
    record.person_id,
    offers.customer_id IS NOT NULL AS is_offered
FROM offers.person AS own
INNER JOIN offers.person AS record
    ON record.person_id = own.person_id
LEFT JOIN program.offers AS offers
    ON offers.customer_id = record.customer_id
WHERE
    own.customer_id = :customer_id
ORDER BY
    record.customer_id ASC NULLS LAST
