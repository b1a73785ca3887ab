SELECT
    {{ identifier('loan_id') }} AS loan_id,
    {{ identifier('borrower_id') }} AS borrower_id,
    {{ identifier('property_id') }} AS property_id,
    TRY_CAST(current_interest_rate AS DECIMAL(9, 6)) AS current_interest_rate
FROM {{ source_file('loan_information') }}
