-- duckdb, trino, athena
WITH terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.likelihood_from
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
), banded AS (
  SELECT
    scored.customer_id,
    MIN(terms.tier_place) AS band_place
  FROM loan_offer_targeting.scored AS scored
  INNER JOIN terms
    ON scored.approval_likelihood >= terms.likelihood_from
  GROUP BY
    scored.customer_id
), tiered AS (
  SELECT
    scored.customer_id,
    customer.person_id,
    scored.approval_likelihood,
    scored.default_probability,
    customer.segment_tier AS credit_tier,
    band.credit_tier AS score_band,
    final.credit_tier AS tier,
    final.tier_place,
    customer.covered_borrower,
    customer.state_max_apr_pct,
    CASE WHEN customer.segment_tier IS NULL THEN 'no_segment' END AS segment_code,
    CASE WHEN banded.band_place IS NULL THEN 'score_below_min' END AS band_code,
    CASE
      WHEN scored.default_probability > CAST('0.08' AS DECIMAL(9, 6))
      THEN 'default_risk_above_max'
    END AS risk_code
  FROM loan_offer_targeting.scored AS scored
  INNER JOIN loan_offer_targeting.customers AS customer
    ON customer.customer_id = scored.customer_id
  LEFT JOIN banded
    ON banded.customer_id = scored.customer_id
  LEFT JOIN terms AS band
    ON band.tier_place = banded.band_place
  LEFT JOIN terms AS final
    ON final.tier_place = CASE
      WHEN banded.band_place > customer.segment_place
      THEN banded.band_place
      ELSE customer.segment_place
    END
    AND NOT banded.band_place IS NULL
), costed AS (
  SELECT
    tiered.customer_id,
    tiered.person_id,
    tiered.approval_likelihood,
    tiered.default_probability,
    tiered.credit_tier,
    tiered.score_band,
    tiered.tier,
    tiered.tier_place,
    price.amount,
    price.note_rate_pct,
    price.term_months,
    price.monthly_payment,
    price.last_payment,
    price.origination_fee,
    price.amount_financed,
    price.finance_charge,
    price.total_of_payments,
    price.apr_pct,
    tiered.segment_code,
    tiered.band_code,
    tiered.risk_code,
    tiered.segment_code IS NULL
    AND tiered.band_code IS NULL
    AND tiered.risk_code IS NULL AS has_good_scores,
    CASE
      WHEN affordable.amount < CAST('1000' AS DECIMAL(18, 2))
      THEN 'amount_below_min'
    END AS amount_code,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND price.apr_pct > tiered.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap_code,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN price.apr_pct <= CAST('36' AS DECIMAL(12, 6)) OR price.apr_pct IS NULL
      THEN NULL
      WHEN tiered.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN tiered.covered_borrower
      THEN 'covered_borrower'
    END AS military_code
  FROM tiered
  LEFT JOIN loan_offer_targeting.affordable AS affordable
    ON affordable.customer_id = tiered.customer_id
    AND affordable.credit_tier = tiered.tier
  LEFT JOIN loan_offer_targeting.price_list AS price
    ON price.credit_tier = tiered.tier
    AND price.amount = affordable.amount
    AND price.amount >= CAST('1000' AS DECIMAL(18, 2))
), ranked AS (
  SELECT
    costed.customer_id,
    ROW_NUMBER() OVER (
      PARTITION BY costed.person_id
      ORDER BY costed.tier_place, costed.amount DESC, costed.customer_id
    ) AS choice
  FROM costed
  WHERE
    costed.has_good_scores
    AND costed.amount_code IS NULL
    AND costed.rate_cap_code IS NULL
    AND costed.military_code IS NULL
)
SELECT
  costed.customer_id,
  costed.person_id,
  costed.approval_likelihood,
  costed.default_probability,
  costed.credit_tier,
  costed.score_band,
  costed.tier,
  costed.tier_place,
  costed.amount,
  costed.note_rate_pct,
  costed.term_months,
  costed.monthly_payment,
  costed.last_payment,
  costed.origination_fee,
  costed.amount_financed,
  costed.finance_charge,
  costed.total_of_payments,
  costed.apr_pct,
  costed.segment_code,
  costed.band_code,
  costed.risk_code,
  CASE WHEN costed.has_good_scores THEN costed.amount_code END AS amount_code,
  CASE WHEN costed.has_good_scores THEN costed.rate_cap_code END AS rate_cap_code,
  CASE WHEN costed.has_good_scores THEN costed.military_code END AS military_code,
  CASE WHEN ranked.choice > 1 THEN 'other_record_chosen' END AS record_code,
  COALESCE(ranked.choice = 1, FALSE) AS is_offered
FROM costed
LEFT JOIN ranked
  ON ranked.customer_id = costed.customer_id;

-- spark
WITH terms AS (
  SELECT
    price.credit_tier,
    price.tier_place,
    price.likelihood_from
  FROM loan_offer_targeting.price_list AS price
  WHERE
    price.is_largest
), banded AS (
  SELECT
    scored.customer_id,
    MIN(terms.tier_place) AS band_place
  FROM loan_offer_targeting.scored AS scored
  INNER JOIN terms
    ON scored.approval_likelihood >= terms.likelihood_from
  GROUP BY
    scored.customer_id
), tiered AS (
  SELECT
    scored.customer_id,
    customer.person_id,
    scored.approval_likelihood,
    scored.default_probability,
    customer.segment_tier AS credit_tier,
    band.credit_tier AS score_band,
    final.credit_tier AS tier,
    final.tier_place,
    customer.covered_borrower,
    customer.state_max_apr_pct,
    CASE WHEN customer.segment_tier IS NULL THEN 'no_segment' END AS segment_code,
    CASE WHEN banded.band_place IS NULL THEN 'score_below_min' END AS band_code,
    CASE
      WHEN scored.default_probability > CAST('0.08' AS DECIMAL(9, 6))
      THEN 'default_risk_above_max'
    END AS risk_code
  FROM loan_offer_targeting.scored AS scored
  INNER JOIN loan_offer_targeting.customers AS customer
    ON customer.customer_id = scored.customer_id
  LEFT JOIN banded
    ON banded.customer_id = scored.customer_id
  LEFT JOIN terms AS band
    ON band.tier_place = banded.band_place
  LEFT JOIN terms AS final
    ON final.tier_place = CASE
      WHEN banded.band_place > customer.segment_place
      THEN banded.band_place
      ELSE customer.segment_place
    END
    AND NOT banded.band_place IS NULL
), costed AS (
  SELECT
    tiered.customer_id,
    tiered.person_id,
    tiered.approval_likelihood,
    tiered.default_probability,
    tiered.credit_tier,
    tiered.score_band,
    tiered.tier,
    tiered.tier_place,
    price.amount,
    price.note_rate_pct,
    price.term_months,
    price.monthly_payment,
    price.last_payment,
    price.origination_fee,
    price.amount_financed,
    price.finance_charge,
    price.total_of_payments,
    price.apr_pct,
    tiered.segment_code,
    tiered.band_code,
    tiered.risk_code,
    tiered.segment_code IS NULL
    AND tiered.band_code IS NULL
    AND tiered.risk_code IS NULL AS has_good_scores,
    CASE
      WHEN affordable.amount < CAST('1000' AS DECIMAL(18, 2))
      THEN 'amount_below_min'
    END AS amount_code,
    CASE
      WHEN CAST('True' AS BOOLEAN) AND price.apr_pct > tiered.state_max_apr_pct
      THEN 'state_rate_cap'
    END AS rate_cap_code,
    CASE
      WHEN NOT CAST('True' AS BOOLEAN)
      THEN NULL
      WHEN price.apr_pct <= CAST('36' AS DECIMAL(12, 6)) OR price.apr_pct IS NULL
      THEN NULL
      WHEN tiered.covered_borrower IS NULL
      THEN 'covered_borrower_missing'
      WHEN tiered.covered_borrower
      THEN 'covered_borrower'
    END AS military_code
  FROM tiered
  LEFT JOIN loan_offer_targeting.affordable AS affordable
    ON affordable.customer_id = tiered.customer_id
    AND affordable.credit_tier = tiered.tier
  LEFT JOIN loan_offer_targeting.price_list AS price
    ON price.credit_tier = tiered.tier
    AND price.amount = affordable.amount
    AND price.amount >= CAST('1000' AS DECIMAL(18, 2))
), ranked AS (
  SELECT
    costed.customer_id,
    ROW_NUMBER() OVER (
      PARTITION BY costed.person_id
      ORDER BY costed.tier_place NULLS LAST, costed.amount DESC, costed.customer_id NULLS LAST
    ) AS choice
  FROM costed
  WHERE
    costed.has_good_scores
    AND costed.amount_code IS NULL
    AND costed.rate_cap_code IS NULL
    AND costed.military_code IS NULL
)
SELECT
  costed.customer_id,
  costed.person_id,
  costed.approval_likelihood,
  costed.default_probability,
  costed.credit_tier,
  costed.score_band,
  costed.tier,
  costed.tier_place,
  costed.amount,
  costed.note_rate_pct,
  costed.term_months,
  costed.monthly_payment,
  costed.last_payment,
  costed.origination_fee,
  costed.amount_financed,
  costed.finance_charge,
  costed.total_of_payments,
  costed.apr_pct,
  costed.segment_code,
  costed.band_code,
  costed.risk_code,
  CASE WHEN costed.has_good_scores THEN costed.amount_code END AS amount_code,
  CASE WHEN costed.has_good_scores THEN costed.rate_cap_code END AS rate_cap_code,
  CASE WHEN costed.has_good_scores THEN costed.military_code END AS military_code,
  CASE WHEN ranked.choice > 1 THEN 'other_record_chosen' END AS record_code,
  COALESCE(ranked.choice = 1, FALSE) AS is_offered
FROM costed
LEFT JOIN ranked
  ON ranked.customer_id = costed.customer_id;
