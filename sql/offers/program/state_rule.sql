-- The rules of states. Python reads them from policies/offers/states.yaml; their types are those of this query, which has
-- no rows.
-- grain: state
-- not null: state, is_licensed, max_apr_pct
-- state: The state, by its two letters.
-- is_licensed: Whether the lender may lend there.
-- max_apr_pct: The highest annual percentage rate that the state allows.
SELECT
    CAST(NULL AS VARCHAR) AS state,
    CAST(NULL AS BOOLEAN) AS is_licensed,
    CAST(NULL AS DECIMAL(9, 6)) AS max_apr_pct
WHERE
    FALSE
