-- The customers of the extract, each with all that the filters compare.
-- A channel is open if no record of the person closes it: an opt-out, a consent that is missing, a wish not to be
-- contacted, an empty cell, and a record without preferences each close it.
-- grain: customer_id
-- not null: customer_id, person_id, open_channels, is_reachable
-- person_id: The person whose record it is.
-- state: The state in upper case.
-- account_status: The status in lower case.
-- open_channels: The channels of the program that are open, separated by spaces.
-- is_reachable: Whether a channel of the program is open.
-- last_offered_on: The last day on which the person got an offer of this product, or of an unknown program.
-- segment_tier: The tier whose range of credit scores the customer is in.
-- segment_place: Place of that tier.
-- segment_amount: The amount that the customer can afford at its terms; 0 if none.
-- segment_apr_pct: Annual percentage rate of that amount, if it may be offered.
-- state_is_licensed: Whether the lender may lend in the customer's state; empty for a state without rules.
-- state_max_apr_pct: The highest annual percentage rate that the state allows.
WITH contact AS (
    SELECT
        person.person_id,
        MIN(
            CASE WHEN NOT preferences.do_not_contact AND NOT preferences.email_opt_out THEN 1 ELSE 0 END
        ) AS email_is_open,
        MIN(CASE WHEN NOT preferences.do_not_contact AND preferences.sms_consent THEN 1 ELSE 0 END) AS sms_is_open,
        MIN(
            CASE WHEN NOT preferences.do_not_contact AND NOT preferences.in_app_opt_out THEN 1 ELSE 0 END
        ) AS in_app_is_open
    FROM offers.person AS person
    LEFT JOIN staging.contact_preferences AS preferences
        ON preferences.customer_id = person.customer_id
    GROUP BY
        person.person_id
),
reached AS (
    SELECT
        contact.person_id,
        TRIM(
            CONCAT(
                CASE WHEN :email_enabled AND contact.email_is_open = 1 THEN 'email ' ELSE '' END,
                CASE WHEN :in_app_enabled AND contact.in_app_is_open = 1 THEN 'in-app ' ELSE '' END,
                CASE WHEN :sms_enabled AND contact.sms_is_open = 1 THEN 'sms' ELSE '' END
            )
        ) AS open_channels
    FROM contact
),
offer AS (
    SELECT
        history.customer_id,
        history.program_id,
        history.offered_on
    FROM staging.offer_history AS history
    UNION ALL
    SELECT
        own.customer_id,
        own.program_id,
        own.offered_on
    FROM staging.offer_log AS own
),
offered AS (
    SELECT
        person.person_id,
        MAX(offer.offered_on) AS last_offered_on
    FROM offer
    INNER JOIN offers.person AS person
        ON person.customer_id = offer.customer_id
    WHERE
        offer.program_id NOT IN (:programs_of_other_products)
    GROUP BY
        person.person_id
),
terms AS (
    SELECT
        price.credit_tier,
        price.tier_place,
        price.score_from,
        price.score_to
    FROM program.price_list AS price
    WHERE
        price.is_largest
)
SELECT
    profile.customer_id,
    person.person_id,
    profile.credit_score,
    profile.income,
    profile.debt_to_income_ratio,
    profile.account_age,
    profile.deposit_balance,
    profile.existing_loans,
    profile.payment_history,
    UPPER(profile.state) AS state,
    profile.identity_verified,
    LOWER(profile.account_status) AS account_status,
    profile.employment_status,
    profile.income_variation,
    profile.savings_rate,
    profile.transactions_90d,
    profile.overdrafts_12m,
    profile.covered_borrower,
    reached.open_channels,
    reached.open_channels <> '' AS is_reachable,
    offered.last_offered_on,
    segment.credit_tier AS segment_tier,
    segment.tier_place AS segment_place,
    affordable.amount AS segment_amount,
    price.apr_pct AS segment_apr_pct,
    state.is_licensed AS state_is_licensed,
    state.max_apr_pct AS state_max_apr_pct
FROM staging.customer_credit_profiles AS profile
INNER JOIN offers.person AS person
    ON person.customer_id = profile.customer_id
INNER JOIN reached
    ON reached.person_id = person.person_id
LEFT JOIN offered
    ON offered.person_id = person.person_id
LEFT JOIN terms AS segment
    ON profile.credit_score BETWEEN segment.score_from AND segment.score_to
LEFT JOIN program.affordable AS affordable
    ON affordable.customer_id = profile.customer_id
    AND affordable.credit_tier = segment.credit_tier
LEFT JOIN program.price_list AS price
    ON price.credit_tier = segment.credit_tier
    AND price.amount = affordable.amount
    AND price.amount >= :min_loan_amount
LEFT JOIN program.state_rule AS state
    ON state.state = UPPER(profile.state)
