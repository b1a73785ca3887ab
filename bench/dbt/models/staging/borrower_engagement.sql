SELECT
    {{ identifier('borrower_id') }} AS borrower_id,
    TRY_CAST(TRIM(paperless_billing) AS BOOLEAN) AS paperless_billing,
    TRY_CAST(TRIM(email_open_last_30d) AS BOOLEAN) AS email_open_last_30d,
    TRY_CAST(TRIM(mobile_app_login_last_30d) AS BOOLEAN) AS mobile_app_login_last_30d,
    TRY_CAST(TRIM(sms_opt_in) AS BOOLEAN) AS sms_opt_in
FROM {{ source_file('borrower_engagement') }}
