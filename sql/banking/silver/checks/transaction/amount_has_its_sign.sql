-- Transactions whose signed amount is not the amount that was paid in, or less the amount that was paid out.
-- broken by: signed_amount = amount + 1
SELECT
    booked.transaction_id
FROM silver."transaction" AS booked
WHERE
    booked.signed_amount <> CASE booked.direction WHEN 'in' THEN booked.amount ELSE -booked.amount END
