-- Every scored customer with the final tier and what a loan costs at its terms, and if there is no offer, why not.
-- The tier is the worse of the segment of the credit score and the band of the approval likelihood: a model may lower a
-- tier, and never raise it. A person gets one offer: of the best tier, then the largest amount, then the smallest
-- customer_id.
-- grain: customer_id
-- not null: customer_id, person_id, approval_likelihood, default_probability, is_offered
-- rule no_segment: credit_score is in a segment of the program, which are :segments;
--   else eligible when the credit score is in one of the segments :segments.
-- rule score_below_min: approval_likelihood is at least :least_likelihood, where the lowest score band begins;
--   else eligible when the approval likelihood is :least_likelihood or above.
-- rule default_risk_above_max: default_probability is at most :max_default_probability;
--   else eligible when the default probability is :max_default_probability or below.
-- rule amount_below_min: final_amount is at least :min_loan_amount USD;
--   else eligible when the income has room for a payment of :final_least_payment USD a month or more,
--   or else the amount that the customer can afford is :min_loan_amount USD or more.
-- rule state_rate_cap: apr_pct is at most the state's cap of :state_max_apr_pct %
--   (checkStateLaws: :check_state_laws);
--   else eligible when the annual percentage rate is :state_max_apr_pct % or below.
-- rule covered_borrower_missing: covered_borrower is false if the annual percentage rate is above :max_mapr_pct %
--   (checkFederalCompliance: :check_federal_compliance);
--   else eligible when it is known that military lending law does not cover the customer.
-- rule covered_borrower: covered_borrower is false if the annual percentage rate is above :max_mapr_pct %
--   (checkFederalCompliance: :check_federal_compliance);
--   else eligible when the annual percentage rate is :max_mapr_pct % or below.
-- rule other_record_chosen: chosen_record is the record that gets the person's offer: of the best tier, then of the
--   largest amount, then with the smallest customer_id;
--   else eligible when the record :chosen_record gets no offer.
-- credit_tier: The tier of the segment of the credit score.
-- score_band: The tier of the band of the approval likelihood.
-- tier: The final tier.
-- tier_place: Its place in the program.
-- amount: The amount of the loan; empty below :min_loan_amount USD.
-- segment_code: The reason of the segment, if it stops the customer.
-- band_code: The reason of the score band.
-- risk_code: The reason of the default probability.
-- amount_code: The reason of the amount.
-- rate_cap_code: The reason of the state's cap.
-- military_code: The reason of military lending law.
-- record_code: The reason among the records of the person.
-- is_offered: Whether there is an offer.
WITH terms AS (
    SELECT
        price.credit_tier,
        price.tier_place,
        price.likelihood_from
    FROM program.price_list AS price
    WHERE
        price.is_largest
),
banded AS (
    SELECT
        scored.customer_id,
        MIN(terms.tier_place) AS band_place
    FROM program.scored AS scored
    INNER JOIN terms
        ON scored.approval_likelihood >= terms.likelihood_from
    GROUP BY
        scored.customer_id
),
-- Below :min_loan_amount there is no price.
tiered AS (
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
            WHEN scored.default_probability > :max_default_probability THEN 'default_risk_above_max'
        END AS risk_code
    FROM program.scored AS scored
    INNER JOIN program.customers AS customer
        ON customer.customer_id = scored.customer_id
    LEFT JOIN banded
        ON banded.customer_id = scored.customer_id
    LEFT JOIN terms AS band
        ON band.tier_place = banded.band_place
    LEFT JOIN terms AS final
        ON final.tier_place = CASE
            WHEN banded.band_place > customer.segment_place THEN banded.band_place
            ELSE customer.segment_place
        END
        AND banded.band_place IS NOT NULL
),
costed AS (
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
        tiered.segment_code IS NULL AND tiered.band_code IS NULL AND tiered.risk_code IS NULL AS has_good_scores,
        CASE WHEN affordable.amount < :min_loan_amount THEN 'amount_below_min' END AS amount_code,
        CASE
            WHEN :check_state_laws AND price.apr_pct > tiered.state_max_apr_pct THEN 'state_rate_cap'
        END AS rate_cap_code,
        CASE
            WHEN NOT :check_federal_compliance THEN NULL
            WHEN price.apr_pct <= :max_mapr_pct OR price.apr_pct IS NULL THEN NULL
            WHEN tiered.covered_borrower IS NULL THEN 'covered_borrower_missing'
            WHEN tiered.covered_borrower THEN 'covered_borrower'
        END AS military_code
    FROM tiered
    LEFT JOIN program.affordable AS affordable
        ON affordable.customer_id = tiered.customer_id
        AND affordable.credit_tier = tiered.tier
    LEFT JOIN program.price_list AS price
        ON price.credit_tier = tiered.tier
        AND price.amount = affordable.amount
        AND price.amount >= :min_loan_amount
),
ranked AS (
    SELECT
        costed.customer_id,
        ROW_NUMBER() OVER (
            PARTITION BY
                costed.person_id
            ORDER BY
                costed.tier_place NULLS LAST,
                costed.amount DESC NULLS LAST,
                costed.customer_id NULLS LAST
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
    ON ranked.customer_id = costed.customer_id
