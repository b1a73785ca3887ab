-- The prices of the offers, each once. A price that lacks a number is found by the check not_null.
SELECT DISTINCT
    offer.tier,
    offer.amount,
    offer.amount_financed,
    offer.monthly_payment,
    offer.last_payment,
    offer.term_months,
    offer.apr_pct
FROM program.offers AS offer
WHERE
    offer.amount_financed IS NOT NULL
    AND offer.monthly_payment IS NOT NULL
    AND offer.last_payment IS NOT NULL
    AND offer.term_months IS NOT NULL
    AND offer.apr_pct IS NOT NULL
ORDER BY
    offer.tier NULLS LAST,
    offer.amount NULLS LAST
