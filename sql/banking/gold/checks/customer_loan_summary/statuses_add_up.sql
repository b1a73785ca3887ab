-- Customers whose loans by status are not all their loans.
-- broken by: paid = paid + 1
SELECT
    summary.client_id,
    summary.currency
FROM gold.customer_loan_summary AS summary
WHERE
    summary.paid + summary.defaulted + summary.running + summary.in_debt <> summary.loans
