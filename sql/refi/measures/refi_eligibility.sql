-- Rows by tier, rows that are eligible, in all and by tier, and rows that are not by reason (a row may have several);
-- of the eligible, those whose letter goes to another borrower of the loan.
SELECT
    'tier: ' || judged.marketing_category AS measure,
    COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
GROUP BY
    judged.marketing_category
UNION ALL
SELECT
    'eligible' AS measure,
    COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
WHERE
    judged.is_eligible
UNION ALL
SELECT
    'letter to another' AS measure,
    COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
WHERE
    judged.letter_to IS NOT NULL
UNION ALL
SELECT
    'eligible: ' || judged.marketing_category AS measure,
    COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
WHERE
    judged.is_eligible
GROUP BY
    judged.marketing_category
UNION ALL
SELECT
    reasons.reason AS measure,
    COUNT(*) AS amount
FROM refi.refi_eligibility AS judged
CROSS JOIN UNNEST(judged.ineligibility_reasons) AS reasons (reason)
GROUP BY
    reasons.reason
