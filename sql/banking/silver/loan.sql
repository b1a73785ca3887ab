-- Loans, each granted on an account that was open.
-- grain: loan_id
-- not null: loan_id, account_id, granted_on, amount, duration_months, monthly_payment, status, is_default, currency
-- unit months: duration_months
-- unit currency: amount, monthly_payment
-- status: paid or defaulted for a loan that has ended, running or in_debt for one that has not.
-- is_default: Whether the loan ended without being paid, or is in debt.
SELECT
    loan.loan_id,
    loan.account_id,
    loan.granted_on,
    loan.amount,
    loan.duration_months,
    loan.monthly_payment,
    code.meaning AS status,
    code.meaning IN ('defaulted', 'in_debt') AS is_default,
    UPPER(loan.currency) AS currency
FROM staging.loan AS loan
LEFT JOIN silver.code AS code
    ON code.code_list = 'loan_status'
    AND code.code = loan.status
LEFT JOIN silver.quarantine AS refused
    ON refused.source = 'loan'
    AND refused.row_key = loan.loan_id
WHERE
    refused.row_key IS NULL
