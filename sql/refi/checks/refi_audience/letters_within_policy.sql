-- Loans with several borrowers in the audience although the policy allows one letter per loan.
-- broken by: loan_id = 'L001'
SELECT
    MIN(audience.person_id) AS person_id
FROM refi.refi_audience AS audience
WHERE
    audience.loan_id IS NOT NULL
    AND :letters_per_loan = 'one'
GROUP BY
    audience.loan_id
HAVING
    COUNT(*) > 1
