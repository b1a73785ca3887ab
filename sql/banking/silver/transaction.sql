-- Transactions on accounts, each with its currency.
-- grain: transaction_id
-- not null: transaction_id, account_id, booked_on, direction, amount, signed_amount, balance, currency
-- unit currency: amount, signed_amount, balance
-- direction: in, or out.
-- operation: cash_deposit, cash_withdrawal, card_withdrawal, transfer_in or transfer_out; null for fees and interest.
-- signed_amount: The amount, negative if it was paid out.
-- purpose: household, insurance, loan, pension, interest, penalty_interest or statement_fee; null if the bank gives none.
SELECT
    booked.transaction_id,
    booked.account_id,
    booked.booked_on,
    direction.meaning AS direction,
    operation.meaning AS operation,
    booked.amount,
    CASE direction.meaning WHEN 'in' THEN booked.amount ELSE -booked.amount END AS signed_amount,
    booked.balance,
    purpose.meaning AS purpose,
    booked.partner_bank,
    booked.partner_account,
    UPPER(booked.currency) AS currency
FROM staging."transaction" AS booked
LEFT JOIN silver.code AS direction
    ON direction.code_list = 'direction'
    AND direction.code = booked.direction
LEFT JOIN silver.code AS operation
    ON operation.code_list = 'operation'
    AND operation.code = booked.operation
LEFT JOIN silver.code AS purpose
    ON purpose.code_list = 'purpose'
    AND purpose.code = booked.purpose
LEFT JOIN silver.quarantine AS refused
    ON refused.source = 'transaction'
    AND refused.row_key = booked.transaction_id
WHERE
    refused.row_key IS NULL
