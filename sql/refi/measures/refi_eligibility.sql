-- Rows by tier, eligible rows in total and by tier, ineligible rows by reason (a row may have several), and eligible
-- rows whose letter goes to another borrower of the loan.
WITH judged AS (
    SELECT
        eligibility.marketing_category,
        eligibility.is_eligible,
        eligibility.ineligibility_reasons,
        eligibility.letter_to IS NOT NULL AS is_letter_to_another,
        COUNT(*) AS amount
    FROM refi.refi_eligibility AS eligibility
    GROUP BY
        eligibility.marketing_category,
        eligibility.is_eligible,
        eligibility.ineligibility_reasons,
        eligibility.letter_to IS NOT NULL
)
SELECT
    'tier: ' || judged.marketing_category AS measure,
    CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
GROUP BY
    judged.marketing_category
UNION ALL
SELECT
    'eligible' AS measure,
    CAST(COALESCE(SUM(judged.amount), 0) AS BIGINT) AS amount
FROM judged
WHERE
    judged.is_eligible
UNION ALL
SELECT
    'letter to another' AS measure,
    CAST(COALESCE(SUM(judged.amount), 0) AS BIGINT) AS amount
FROM judged
WHERE
    judged.is_letter_to_another
UNION ALL
SELECT
    'eligible: ' || judged.marketing_category AS measure,
    CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
WHERE
    judged.is_eligible
GROUP BY
    judged.marketing_category
UNION ALL
SELECT
    reasons.reason AS measure,
    CAST(SUM(judged.amount) AS BIGINT) AS amount
FROM judged
CROSS JOIN UNNEST(judged.ineligibility_reasons) AS reasons (reason)
GROUP BY
    reasons.reason
