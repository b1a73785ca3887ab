-- Months with more accounts in arrears of 60 days than of 30, or of 90 days than of 60.
-- broken by: arrears_60_days = arrears_30_days + 1
SELECT
    report.month,
    report.currency
FROM gold.compliance_report AS report
WHERE
    report.arrears_60_days > report.arrears_30_days
    OR report.arrears_90_days > report.arrears_60_days
