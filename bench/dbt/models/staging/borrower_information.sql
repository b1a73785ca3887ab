SELECT
    {{ identifier('borrower_id') }} AS borrower_id,
    CONCAT_WS(' ', NULLIF(TRIM(first_name), ''), NULLIF(TRIM(last_name), '')) AS name,
    {{ identifier('property_id') }} AS property_id
FROM {{ source_file('borrower_information') }}
