-- Standing orders: payments from an account every month.
-- grain: order_id
-- not null: order_id, account_id, amount, currency
-- unit currency: amount
-- purpose: household, loan, insurance or leasing; null if the bank gives none.
SELECT
    standing_order.order_id,
    standing_order.account_id,
    standing_order.to_bank,
    standing_order.to_account,
    standing_order.amount,
    code.meaning AS purpose,
    UPPER(standing_order.currency) AS currency
FROM staging."order" AS standing_order
LEFT JOIN silver.code AS code
    ON code.code_list = 'purpose'
    AND code.code = standing_order.purpose
LEFT JOIN silver.quarantine AS refused
    ON refused.source = 'order'
    AND refused.row_key = standing_order.order_id
WHERE
    refused.row_key IS NULL
