-- The answer about text messages in each record of the person behind a borrower, and the result in the audience.
-- grain: borrower_id
-- rule said_yes: said yes
-- rule said_no: said no
-- rule no_answer: gave no answer
-- rule no_engagement: has no engagement row
-- answer: said_yes, said_no, no_answer (an empty cell) or no_engagement (no accepted row).
-- sms_opt_in: As in the audience; empty if the person is not in it.
SELECT
    other.borrower_id,
    CASE
        WHEN engagement.borrower_id IS NULL THEN 'no_engagement'
        WHEN engagement.sms_opt_in THEN 'said_yes'
        WHEN NOT engagement.sms_opt_in THEN 'said_no'
        ELSE 'no_answer'
    END AS answer,
    audience.sms_opt_in
FROM identity.resolved_borrower AS own
INNER JOIN identity.resolved_borrower AS other
    ON other.person_id = own.person_id
LEFT JOIN staging.borrower_engagement AS engagement
    ON engagement.borrower_id = other.borrower_id
LEFT JOIN refi.refi_audience AS audience
    ON audience.person_id = own.person_id
WHERE
    own.borrower_id = :borrower_id
ORDER BY
    other.borrower_id ASC NULLS LAST
