-- Offers whose amount is not in the price list of their tier, or is below the program's minimum, and offers whose rate,
-- term or fee is not the tier's.
SELECT
    offer.customer_id
FROM program.offers AS offer
LEFT JOIN program.price_list AS price
    ON price.credit_tier = offer.tier
    AND price.amount = offer.amount
WHERE
    price.amount IS NULL
    OR offer.amount < :min_loan_amount
    OR offer.note_rate_pct <> price.note_rate_pct
    OR offer.term_months <> price.term_months
    OR offer.origination_fee <> price.origination_fee
