-- The prices of the offers, each once.
SELECT DISTINCT
    offer.tier,
    offer.amount,
    offer.amount_financed,
    offer.monthly_payment,
    offer.last_payment,
    offer.term_months,
    offer.apr_pct
FROM program.offers AS offer
ORDER BY
    offer.tier NULLS LAST,
    offer.amount NULLS LAST
