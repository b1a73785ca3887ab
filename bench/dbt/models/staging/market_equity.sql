SELECT
    {{ identifier('property_id') }} AS property_id,
    TRY_CAST(market_rate_offer AS DECIMAL(9, 6)) AS market_rate_offer,
    TRY_CAST(ltv_ratio AS DECIMAL(10, 6)) AS ltv_ratio,
    TRY_CAST(monthly_savings_est AS DECIMAL(18, 2)) AS monthly_savings_est
FROM {{ source_file('market_equity') }}
