-- The codes of the bank's files, with their meaning. Staging accepts these codes, in any case, and no other.
-- grain: code_list, code
-- not null: code_list, code, meaning
-- code_list: The column that has the code: statement_frequency, role, direction, operation, purpose or loan_status.
-- code: The code as the bank writes it, in lower case.
-- meaning: The value of the column in silver.
SELECT
    CAST(code.code_list AS VARCHAR) AS code_list,
    CAST(code.code AS VARCHAR) AS code,
    CAST(code.meaning AS VARCHAR) AS meaning
FROM (
    VALUES
        ('statement_frequency', 'poplatek mesicne', 'monthly'),
        ('statement_frequency', 'poplatek tydne', 'weekly'),
        ('statement_frequency', 'poplatek po obratu', 'after_transaction'),
        ('role', 'owner', 'owner'),
        ('role', 'disponent', 'user'),
        ('direction', 'prijem', 'in'),
        ('direction', 'vydaj', 'out'),
        ('direction', 'vyber', 'out'),
        ('operation', 'vklad', 'cash_deposit'),
        ('operation', 'vyber', 'cash_withdrawal'),
        ('operation', 'vyber kartou', 'card_withdrawal'),
        ('operation', 'prevod z uctu', 'transfer_in'),
        ('operation', 'prevod na ucet', 'transfer_out'),
        ('purpose', 'duchod', 'pension'),
        ('purpose', 'leasing', 'leasing'),
        ('purpose', 'pojistne', 'insurance'),
        ('purpose', 'sankc. urok', 'penalty_interest'),
        ('purpose', 'sipo', 'household'),
        ('purpose', 'sluzby', 'statement_fee'),
        ('purpose', 'urok', 'interest'),
        ('purpose', 'uver', 'loan'),
        ('loan_status', 'a', 'paid'),
        ('loan_status', 'b', 'defaulted'),
        ('loan_status', 'c', 'running'),
        ('loan_status', 'd', 'in_debt')
) AS code (code_list, code, meaning)
