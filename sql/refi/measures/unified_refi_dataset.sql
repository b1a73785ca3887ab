-- Rows, and how many borrowers they belong to.
SELECT
    'rows' AS measure,
    COUNT(*) AS amount
FROM unified_refi_dataset AS dataset
UNION ALL
SELECT
    'borrowers' AS measure,
    COUNT(DISTINCT dataset.borrower_id) AS amount
FROM unified_refi_dataset AS dataset
