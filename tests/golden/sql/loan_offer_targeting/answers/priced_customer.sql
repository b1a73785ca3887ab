-- duckdb
WITH least AS (
  SELECT
    price.credit_tier,
    MIN(price.monthly_payment) AS payment
  FROM loan_offer_targeting.price_list AS price
  GROUP BY
    price.credit_tier
)
SELECT
  priced.approval_likelihood,
  priced.default_probability,
  priced.credit_tier,
  priced.score_band,
  priced.tier,
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
  priced.is_offered,
  CAST(offers.expires_on AS DATE) AS expires_on,
  affordable.amount AS final_amount,
  least.payment AS final_least_payment,
  chosen.customer_id AS chosen_record
FROM loan_offer_targeting.priced AS priced
LEFT JOIN loan_offer_targeting.offers AS offers
  ON offers.customer_id = priced.customer_id
LEFT JOIN loan_offer_targeting.affordable AS affordable
  ON affordable.customer_id = priced.customer_id
  AND affordable.credit_tier = priced.tier
LEFT JOIN least
  ON least.credit_tier = priced.tier
LEFT JOIN loan_offer_targeting.priced AS chosen
  ON chosen.person_id = priced.person_id AND chosen.is_offered
WHERE
  priced.customer_id = CAST('C1' AS TEXT);

-- trino, athena
WITH least AS (
  SELECT
    price.credit_tier,
    MIN(price.monthly_payment) AS payment
  FROM loan_offer_targeting.price_list AS price
  GROUP BY
    price.credit_tier
)
SELECT
  priced.approval_likelihood,
  priced.default_probability,
  priced.credit_tier,
  priced.score_band,
  priced.tier,
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
  priced.is_offered,
  CAST(offers.expires_on AS DATE) AS expires_on,
  affordable.amount AS final_amount,
  least.payment AS final_least_payment,
  chosen.customer_id AS chosen_record
FROM loan_offer_targeting.priced AS priced
LEFT JOIN loan_offer_targeting.offers AS offers
  ON offers.customer_id = priced.customer_id
LEFT JOIN loan_offer_targeting.affordable AS affordable
  ON affordable.customer_id = priced.customer_id
  AND affordable.credit_tier = priced.tier
LEFT JOIN least
  ON least.credit_tier = priced.tier
LEFT JOIN loan_offer_targeting.priced AS chosen
  ON chosen.person_id = priced.person_id AND chosen.is_offered
WHERE
  priced.customer_id = CAST('C1' AS VARCHAR);

-- spark
WITH least AS (
  SELECT
    price.credit_tier,
    MIN(price.monthly_payment) AS payment
  FROM loan_offer_targeting.price_list AS price
  GROUP BY
    price.credit_tier
)
SELECT
  priced.approval_likelihood,
  priced.default_probability,
  priced.credit_tier,
  priced.score_band,
  priced.tier,
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
  priced.is_offered,
  CAST(offers.expires_on AS DATE) AS expires_on,
  affordable.amount AS final_amount,
  least.payment AS final_least_payment,
  chosen.customer_id AS chosen_record
FROM loan_offer_targeting.priced AS priced
LEFT JOIN loan_offer_targeting.offers AS offers
  ON offers.customer_id = priced.customer_id
LEFT JOIN loan_offer_targeting.affordable AS affordable
  ON affordable.customer_id = priced.customer_id
  AND affordable.credit_tier = priced.tier
LEFT JOIN least
  ON least.credit_tier = priced.tier
LEFT JOIN loan_offer_targeting.priced AS chosen
  ON chosen.person_id = priced.person_id AND chosen.is_offered
WHERE
  priced.customer_id = CAST('C1' AS STRING);
