-- Who should hear about a refinance: the eligible, one row a person.
-- A person with several eligible loans, of one record or of several, is offered the one with the largest spread, then
-- the largest saving, then the smallest loan_id. A loan whose letter another of its borrowers gets does not count.
-- Text messages need a yes in every record of the person: what is not known is no.
-- grain: person_id
-- name: The parts of the name that are known.
-- rate_spread: Current rate less the market's offer, in percentage points.
-- marketing_category: The tier.
-- sms_opt_in: Whether every record of the person agrees to text messages.
-- no_sms_because: If not, what one of them says: said_no, or else no_answer (an empty cell) or no_engagement (no row).
WITH no_sms AS (
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
        NOT COALESCE(engagement.sms_opt_in, FALSE)
    GROUP BY
        resolved.person_id
),
ranked AS (
    SELECT
        judged.borrower_id,
        resolved.person_id,
        judged.first_name,
        judged.last_name,
        judged.rate_spread,
        judged.monthly_savings_est,
        judged.marketing_category,
        judged.loan_id,
        judged.current_interest_rate,
        judged.market_rate_offer,
        judged.ltv_ratio,
        judged.paperless_billing,
        judged.email_open_last_30d,
        judged.mobile_app_login_last_30d,
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
)
SELECT
    ranked.borrower_id,
    CASE
        WHEN ranked.first_name IS NOT NULL AND ranked.last_name IS NOT NULL
            THEN ranked.first_name || ' ' || ranked.last_name
        ELSE COALESCE(ranked.first_name, ranked.last_name)
    END AS name,
    ranked.rate_spread,
    ranked.monthly_savings_est,
    ranked.marketing_category,
    ranked.person_id,
    ranked.loan_id,
    ranked.current_interest_rate,
    ranked.market_rate_offer,
    ranked.ltv_ratio,
    ranked.paperless_billing,
    ranked.email_open_last_30d,
    ranked.mobile_app_login_last_30d,
    no_sms.because IS NULL AS sms_opt_in,
    no_sms.because AS no_sms_because
FROM ranked
LEFT JOIN no_sms
    ON no_sms.person_id = ranked.person_id
WHERE
    ranked.choice = 1
ORDER BY
    ranked.rate_spread DESC NULLS LAST,
    ranked.monthly_savings_est DESC NULLS LAST,
    ranked.borrower_id ASC NULLS LAST
