-- The persons who should hear about a refinance: one row for each eligible person.
-- A person with several eligible loans, in one record or in several, is offered the one with the largest spread, then
-- the largest saving, then the smallest loan_id. A loan does not count if another of its borrowers gets the letter.
-- Text messages need an opt-in in every record of the person; an unknown answer counts as no.
-- grain: person_id
-- not null: person_id, borrower_id, rate_spread, ltv_ratio, marketing_category, sms_opt_in
-- rule said_no: A record of the person opts out of text messages.
-- rule no_answer: No record opts out, but one leaves the answer empty.
-- rule no_engagement: No record opts out or leaves the answer empty, but one has no engagement row.
-- name: The parts of the name that are known.
-- rate_spread: Current rate less the market's offer, in percentage points.
-- marketing_category: The tier.
-- sms_opt_in: Whether every record of the person opts in to text messages.
-- no_sms_because: The reason if not: said_no, or else no_answer (an empty cell) or no_engagement (no row).
WITH several_records AS (
    SELECT
        resolved.person_id,
        CASE
            WHEN COUNT(engagement.sms_opt_in) > 0 THEN 'said_no'
            WHEN COUNT(engagement.borrower_id) > 0 THEN 'no_answer'
            ELSE 'no_engagement'
        END AS because
    FROM identity.resolved_borrower AS resolved
    LEFT JOIN staging.borrower_engagement AS engagement
        ON engagement.borrower_id = resolved.borrower_id
    WHERE
        resolved.cluster_size > 1
        AND NOT COALESCE(engagement.sms_opt_in, FALSE)
    GROUP BY
        resolved.person_id
),
ranked AS (
    SELECT
        judged.borrower_id,
        resolved.person_id,
        resolved.cluster_size,
        judged.rate_spread,
        judged.monthly_savings_est,
        judged.marketing_category,
        judged.loan_id,
        judged.current_interest_rate,
        judged.market_rate_offer,
        judged.ltv_ratio,
        ROW_NUMBER() OVER (
            PARTITION BY resolved.person_id
            ORDER BY
                judged.rate_spread DESC NULLS LAST,
                judged.monthly_savings_est DESC NULLS LAST,
                judged.loan_id ASC NULLS LAST,
                judged.borrower_id ASC NULLS LAST
        ) AS choice
    FROM refi.refi_eligibility AS judged
    INNER JOIN identity.resolved_borrower AS resolved
        ON resolved.borrower_id = judged.borrower_id
    WHERE
        judged.is_eligible
        AND judged.letter_to IS NULL
),
reached AS (
    SELECT
        ranked.borrower_id,
        CASE
            WHEN borrower.first_name IS NOT NULL AND borrower.last_name IS NOT NULL
                THEN borrower.first_name || ' ' || borrower.last_name
            ELSE COALESCE(borrower.first_name, borrower.last_name)
        END AS name,
        ranked.rate_spread,
        ranked.monthly_savings_est,
        ranked.marketing_category,
        ranked.person_id,
        ranked.loan_id,
        ranked.current_interest_rate,
        ranked.market_rate_offer,
        ranked.ltv_ratio,
        engagement.paperless_billing,
        engagement.email_open_last_30d,
        engagement.mobile_app_login_last_30d,
        CASE
            WHEN ranked.cluster_size > 1 THEN several_records.because
            WHEN engagement.sms_opt_in THEN NULL
            WHEN engagement.sms_opt_in IS NOT NULL THEN 'said_no'
            WHEN engagement.borrower_id IS NOT NULL THEN 'no_answer'
            ELSE 'no_engagement'
        END AS no_sms_because
    FROM ranked
    INNER JOIN staging.borrower_information AS borrower
        ON borrower.borrower_id = ranked.borrower_id
    LEFT JOIN staging.borrower_engagement AS engagement
        ON engagement.borrower_id = ranked.borrower_id
    LEFT JOIN several_records
        ON several_records.person_id = ranked.person_id
    WHERE
        ranked.choice = 1
)
SELECT
    reached.borrower_id,
    reached.name,
    reached.rate_spread,
    reached.monthly_savings_est,
    reached.marketing_category,
    reached.person_id,
    reached.loan_id,
    reached.current_interest_rate,
    reached.market_rate_offer,
    reached.ltv_ratio,
    reached.paperless_billing,
    reached.email_open_last_30d,
    reached.mobile_app_login_last_30d,
    reached.no_sms_because IS NULL AS sms_opt_in,
    reached.no_sms_because
FROM reached
ORDER BY
    reached.rate_spread DESC NULLS LAST,
    reached.monthly_savings_est DESC NULLS LAST,
    reached.borrower_id ASC NULLS LAST
