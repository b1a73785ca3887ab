-- The price list of the program: what each amount costs at the terms of each tier, to the cent.
-- Amounts are the multiples of 100 USD from the program's minimum up to the tier's largest amount, and this one itself.
-- Python computes the rows (refi_assets/offers/price_list.py), with the types of this query, which has none.
-- grain: credit_tier, amount
-- not null: credit_tier, tier_place, amount, yearly_from, yearly_below, is_largest
-- credit_tier: The tier.
-- tier_place: Its place in the program, the best first.
-- score_from: Lowest credit score of its segment.
-- score_to: Highest credit score of its segment.
-- likelihood_from: Lowest approval likelihood of its score band.
-- amount: The amount.
-- is_largest: Whether it is the largest amount of the tier.
-- yearly_from: Twelve payments on the amount; on the next multiple of 100 USD if the amount is none.
-- yearly_below: Twelve payments on the next amount of the list; from these on, that one is affordable.
-- note_rate_pct: Interest rate of the note.
-- term_months: Number of payments.
-- monthly_payment: Every payment but the last.
-- last_payment: The last payment, which ends the balance.
-- origination_fee: The fee, which is inside the amount.
-- amount_financed: The amount less the fee.
-- finance_charge: All payments less the amount financed.
-- total_of_payments: All payments.
-- apr_pct: Annual percentage rate by Regulation Z, Appendix J.
SELECT
    CAST(NULL AS VARCHAR) AS credit_tier,
    CAST(NULL AS INTEGER) AS tier_place,
    CAST(NULL AS INTEGER) AS score_from,
    CAST(NULL AS INTEGER) AS score_to,
    CAST(NULL AS DECIMAL(9, 6)) AS likelihood_from,
    CAST(NULL AS DECIMAL(18, 2)) AS amount,
    CAST(NULL AS BOOLEAN) AS is_largest,
    CAST(NULL AS DECIMAL(18, 2)) AS yearly_from,
    CAST(NULL AS DECIMAL(18, 2)) AS yearly_below,
    CAST(NULL AS DECIMAL(9, 6)) AS note_rate_pct,
    CAST(NULL AS INTEGER) AS term_months,
    CAST(NULL AS DECIMAL(18, 2)) AS monthly_payment,
    CAST(NULL AS DECIMAL(18, 2)) AS last_payment,
    CAST(NULL AS DECIMAL(18, 2)) AS origination_fee,
    CAST(NULL AS DECIMAL(18, 2)) AS amount_financed,
    CAST(NULL AS DECIMAL(18, 2)) AS finance_charge,
    CAST(NULL AS DECIMAL(18, 2)) AS total_of_payments,
    CAST(NULL AS DECIMAL(9, 6)) AS apr_pct
WHERE
    FALSE
