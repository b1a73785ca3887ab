-- The homes of one borrower: their own, those their loans name, and for loans that name none those of joint borrowers.
-- grain: property_id
SELECT
    borrower.property_id
FROM staging.borrower_information AS borrower
WHERE
    borrower.borrower_id = :borrower_id
    AND borrower.property_id IS NOT NULL
UNION
SELECT
    loan.property_id
FROM staging.loan_information AS loan
WHERE
    loan.borrower_id = :borrower_id
    AND loan.property_id IS NOT NULL
UNION
SELECT
    joint_borrower.property_id
FROM staging.loan_information AS loan
INNER JOIN staging.loan_information AS joint_loan
    ON joint_loan.loan_id = loan.loan_id
INNER JOIN staging.borrower_information AS joint_borrower
    ON joint_borrower.borrower_id = joint_loan.borrower_id
WHERE
    loan.borrower_id = :borrower_id
    AND loan.property_id IS NULL
    AND joint_borrower.property_id IS NOT NULL
