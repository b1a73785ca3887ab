-- Do the laws of the customer's state, and those on military lending (32 CFR 232), allow the loan?
-- The military annual percentage rate (MAPR) is the annual percentage rate and the charges of 32 CFR 232.4(c); the
-- origination fee is the only charge of these loans, and is in both.
-- grain: customer_id
-- rule state_missing: The state is unknown.
-- rule state_excluded: The program excludes the state, or the lender has no license there.
-- rule state_rate_cap: The annual percentage rate is above what the state allows.
-- rule covered_borrower_missing: The rate is above :max_mapr_pct %, and it is unknown whether military lending law covers
--   the customer.
-- rule covered_borrower: The rate is above :max_mapr_pct %, and military lending law covers the customer.
SELECT
    customer.customer_id,
    CASE
        WHEN NOT :check_state_laws THEN NULL
        WHEN customer.state IS NULL THEN 'state_missing'
        WHEN customer.state IN (:excluded_states) THEN 'state_excluded'
        WHEN customer.state_is_licensed THEN NULL
        ELSE 'state_excluded'
    END AS state,
    CASE
        WHEN :check_state_laws AND customer.segment_apr_pct > customer.state_max_apr_pct THEN 'state_rate_cap'
    END AS rate_cap,
    CASE
        WHEN NOT :check_federal_compliance THEN NULL
        WHEN customer.segment_apr_pct <= :max_mapr_pct OR customer.segment_apr_pct IS NULL THEN NULL
        WHEN customer.covered_borrower IS NULL THEN 'covered_borrower_missing'
        WHEN customer.covered_borrower THEN 'covered_borrower'
    END AS military
FROM program.customers AS customer
