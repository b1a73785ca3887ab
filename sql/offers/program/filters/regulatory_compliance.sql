-- Do the laws of the customer's state, and those on military lending (32 CFR 232), allow the loan?
-- The military annual percentage rate (MAPR) is the annual percentage rate and the charges of 32 CFR 232.4(c); the
-- origination fee is the only charge of these loans, and is in both.
-- grain: customer_id
-- rule state_missing: state is a state with a license that the program does not exclude
--   (checkStateLaws: :check_state_laws; excludedStates: :excluded_states);
--   else eligible when the state is known, the lender is licensed there, and the program does not exclude it.
-- rule state_excluded: state is a state with a license that the program does not exclude
--   (checkStateLaws: :check_state_laws; excludedStates: :excluded_states);
--   else eligible when the state is one where the lender is licensed and that the program does not exclude.
-- rule state_rate_cap: segment_apr_pct is at most the state's cap of :state_max_apr_pct %
--   (checkStateLaws: :check_state_laws);
--   else eligible when the annual percentage rate is :state_max_apr_pct % or below.
-- rule covered_borrower_missing: covered_borrower is false if the annual percentage rate is above :max_mapr_pct %
--   (checkFederalCompliance: :check_federal_compliance);
--   else eligible when it is known that military lending law does not cover the customer,
--   or else the rate is :max_mapr_pct % or below.
-- rule covered_borrower: covered_borrower is false if the annual percentage rate is above :max_mapr_pct %
--   (checkFederalCompliance: :check_federal_compliance);
--   else eligible when the annual percentage rate is :max_mapr_pct % or below,
--   or else military lending law does not cover the customer.
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
