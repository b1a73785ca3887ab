-- The offers of the program, with every number that must be disclosed.
-- grain: customer_id
-- not null: customer_id, person_id, credit_tier, score_band, tier, approval_likelihood, default_probability, amount,
--   note_rate_pct, term_months, monthly_payment, last_payment, origination_fee, amount_financed, finance_charge,
--   total_of_payments, apr_pct, expires_on
-- person_id: The person, who gets no other offer.
-- credit_tier: The tier of the segment of the credit score.
-- score_band: The tier of the band of the approval likelihood.
-- tier: The final tier, the worse of the two.
-- expires_on: The last day of the offer.
SELECT
    priced.customer_id,
    priced.person_id,
    priced.credit_tier,
    priced.score_band,
    priced.tier,
    priced.approval_likelihood,
    priced.default_probability,
    priced.amount,
    priced.note_rate_pct,
    priced.term_months,
    priced.monthly_payment,
    priced.last_payment,
    priced.origination_fee,
    priced.amount_financed,
    priced.finance_charge,
    priced.total_of_payments,
    priced.apr_pct,
    CAST(DATE_ADD('day', :ttl_days, :as_of) AS DATE) AS expires_on
FROM program.priced AS priced
WHERE
    priced.is_offered
