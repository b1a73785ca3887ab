-- duckdb
WITH spelled AS (
  SELECT
    'loan_information' AS source,
    loan.borrower_id AS id,
    FALSE AS is_partner
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    'borrower_engagement' AS source,
    engagement.borrower_id AS id,
    FALSE AS is_partner
  FROM staging.borrower_engagement AS engagement
  UNION ALL
  SELECT
    'market_equity' AS source,
    market.property_id AS id,
    FALSE AS is_partner
  FROM staging.market_equity AS market
  UNION ALL
  SELECT
    'home_of_loan' AS source,
    loan.property_id AS id,
    FALSE AS is_partner
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    'home_of_loan' AS source,
    market.property_id AS id,
    TRUE AS is_partner
  FROM staging.market_equity AS market
  UNION ALL
  SELECT
    needs.source,
    borrower.borrower_id AS id,
    TRUE AS is_partner
  FROM staging.borrower_information AS borrower
  CROSS JOIN (VALUES
    ('loan_information'),
    ('borrower_engagement')) AS needs(source)
  UNION ALL
  SELECT
    'market_equity' AS source,
    borrower.property_id AS id,
    TRUE AS is_partner
  FROM staging.borrower_information AS borrower
  UNION ALL
  SELECT
    'market_equity' AS source,
    loan.property_id AS id,
    TRUE AS is_partner
  FROM staging.loan_information AS loan
), counted AS (
  SELECT
    spelled.id,
    BOOL_OR(CAST(spelled.is_partner AS BOOLEAN)) AS is_partner,
    COUNT(*) AS amount
  FROM spelled
  WHERE
    spelled.source = CAST('loan_information' AS TEXT) AND NOT spelled.id IS NULL
  GROUP BY
    spelled.id
), form AS (
  SELECT
    counted.id,
    counted.is_partner,
    loss.priority,
    loss.differs_by,
    CASE loss.priority
      WHEN 1
      THEN REGEXP_REPLACE(counted.id, '^0+', '', 'g')
      WHEN 2
      THEN LOWER(counted.id)
      WHEN 3
      THEN REGEXP_REPLACE(counted.id, '\.0+$', '', 'g')
      WHEN 4
      THEN REGEXP_REPLACE(counted.id, '[\p{Z}\p{C}]', '', 'g')
      WHEN 5
      THEN REGEXP_REPLACE(counted.id, '^[=''"`]+|[''"`]+$', '', 'g')
      WHEN 6
      THEN REGEXP_REPLACE(
        LOWER(REGEXP_REPLACE(counted.id, '^0+|\.0+$|^[=''"`]+|[''"`]+$|[\p{Z}\p{C}]', '', 'g')),
        '^0+',
        '',
        'g'
      )
    END AS form
  FROM counted
  CROSS JOIN (VALUES
    (1, 'leading zeros'),
    (2, 'capital letters'),
    (3, 'a .0 at the end'),
    (4, 'spaces or invisible characters'),
    (5, 'quotes or an equals sign around them'),
    (6, 'several of zeros, capitals, a .0, spaces and quotes')) AS loss(priority, differs_by)
), meeting AS (
  SELECT
    form.priority,
    form.form
  FROM form
  GROUP BY
    form.priority,
    form.form
  HAVING
    BOOL_OR(CAST(form.is_partner AS BOOLEAN))
    AND NOT BOOL_AND(CAST(form.is_partner AS BOOLEAN))
), clash AS (
  SELECT
    same.priority,
    MIN(same.one_id || ' and ' || same.another_id) AS would_be_one
  FROM (
    SELECT
      form.priority,
      MIN(form.id) AS one_id,
      MAX(form.id) AS another_id
    FROM form
    GROUP BY
      form.priority,
      form.form,
      form.is_partner
    HAVING
      COUNT(*) > 1
  ) AS same
  GROUP BY
    same.priority
), explained AS (
  SELECT
    form.id,
    MIN(form.priority) AS priority
  FROM form
  INNER JOIN meeting
    ON meeting.priority = form.priority AND meeting.form = form.form
  WHERE
    NOT form.is_partner
  GROUP BY
    form.id
), alone AS (
  SELECT
    counted.id,
    counted.amount,
    CASE
      WHEN NOT explained.priority IS NULL
      THEN explained.priority
      WHEN REGEXP_MATCHES(counted.id, '^[0-9](\.[0-9]+)?[eE][+]?[0-9]+$')
      THEN 7
    END AS priority
  FROM counted
  LEFT JOIN explained
    ON explained.id = counted.id
  WHERE
    NOT counted.is_partner
)
SELECT
  CASE
    WHEN alone.priority = 7
    THEN 'digits that the exponent form lost'
    ELSE MIN(form.differs_by)
  END AS differs_by,
  SUM(alone.amount) AS amount,
  MIN(clash.would_be_one) AS would_be_one
FROM alone
LEFT JOIN form
  ON form.id = alone.id AND form.priority = alone.priority
LEFT JOIN clash
  ON clash.priority = alone.priority
GROUP BY
  alone.priority
ORDER BY
  amount DESC,
  differs_by ASC;

-- trino, athena
WITH spelled AS (
  SELECT
    'loan_information' AS source,
    loan.borrower_id AS id,
    FALSE AS is_partner
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    'borrower_engagement' AS source,
    engagement.borrower_id AS id,
    FALSE AS is_partner
  FROM staging.borrower_engagement AS engagement
  UNION ALL
  SELECT
    'market_equity' AS source,
    market.property_id AS id,
    FALSE AS is_partner
  FROM staging.market_equity AS market
  UNION ALL
  SELECT
    'home_of_loan' AS source,
    loan.property_id AS id,
    FALSE AS is_partner
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    'home_of_loan' AS source,
    market.property_id AS id,
    TRUE AS is_partner
  FROM staging.market_equity AS market
  UNION ALL
  SELECT
    needs.source,
    borrower.borrower_id AS id,
    TRUE AS is_partner
  FROM staging.borrower_information AS borrower
  CROSS JOIN (VALUES
    ('loan_information'),
    ('borrower_engagement')) AS needs(source)
  UNION ALL
  SELECT
    'market_equity' AS source,
    borrower.property_id AS id,
    TRUE AS is_partner
  FROM staging.borrower_information AS borrower
  UNION ALL
  SELECT
    'market_equity' AS source,
    loan.property_id AS id,
    TRUE AS is_partner
  FROM staging.loan_information AS loan
), counted AS (
  SELECT
    spelled.id,
    BOOL_OR(spelled.is_partner) AS is_partner,
    COUNT(*) AS amount
  FROM spelled
  WHERE
    spelled.source = CAST('loan_information' AS VARCHAR) AND NOT spelled.id IS NULL
  GROUP BY
    spelled.id
), form AS (
  SELECT
    counted.id,
    counted.is_partner,
    loss.priority,
    loss.differs_by,
    CASE loss.priority
      WHEN 1
      THEN REGEXP_REPLACE(counted.id, '^0+', '')
      WHEN 2
      THEN LOWER(counted.id)
      WHEN 3
      THEN REGEXP_REPLACE(counted.id, '\.0+$', '')
      WHEN 4
      THEN REGEXP_REPLACE(counted.id, '[\p{Z}\p{C}]', '')
      WHEN 5
      THEN REGEXP_REPLACE(counted.id, '^[=''"`]+|[''"`]+$', '')
      WHEN 6
      THEN REGEXP_REPLACE(
        LOWER(REGEXP_REPLACE(counted.id, '^0+|\.0+$|^[=''"`]+|[''"`]+$|[\p{Z}\p{C}]', '')),
        '^0+',
        ''
      )
    END AS form
  FROM counted
  CROSS JOIN (VALUES
    (1, 'leading zeros'),
    (2, 'capital letters'),
    (3, 'a .0 at the end'),
    (4, 'spaces or invisible characters'),
    (5, 'quotes or an equals sign around them'),
    (6, 'several of zeros, capitals, a .0, spaces and quotes')) AS loss(priority, differs_by)
), meeting AS (
  SELECT
    form.priority,
    form.form
  FROM form
  GROUP BY
    form.priority,
    form.form
  HAVING
    BOOL_OR(form.is_partner) AND NOT BOOL_AND(form.is_partner)
), clash AS (
  SELECT
    same.priority,
    MIN(same.one_id || ' and ' || same.another_id) AS would_be_one
  FROM (
    SELECT
      form.priority,
      MIN(form.id) AS one_id,
      MAX(form.id) AS another_id
    FROM form
    GROUP BY
      form.priority,
      form.form,
      form.is_partner
    HAVING
      COUNT(*) > 1
  ) AS same
  GROUP BY
    same.priority
), explained AS (
  SELECT
    form.id,
    MIN(form.priority) AS priority
  FROM form
  INNER JOIN meeting
    ON meeting.priority = form.priority AND meeting.form = form.form
  WHERE
    NOT form.is_partner
  GROUP BY
    form.id
), alone AS (
  SELECT
    counted.id,
    counted.amount,
    CASE
      WHEN NOT explained.priority IS NULL
      THEN explained.priority
      WHEN REGEXP_LIKE(counted.id, '^[0-9](\.[0-9]+)?[eE][+]?[0-9]+$')
      THEN 7
    END AS priority
  FROM counted
  LEFT JOIN explained
    ON explained.id = counted.id
  WHERE
    NOT counted.is_partner
)
SELECT
  CASE
    WHEN alone.priority = 7
    THEN 'digits that the exponent form lost'
    ELSE MIN(form.differs_by)
  END AS differs_by,
  SUM(alone.amount) AS amount,
  MIN(clash.would_be_one) AS would_be_one
FROM alone
LEFT JOIN form
  ON form.id = alone.id AND form.priority = alone.priority
LEFT JOIN clash
  ON clash.priority = alone.priority
GROUP BY
  alone.priority
ORDER BY
  amount DESC,
  differs_by ASC;

-- spark
WITH spelled AS (
  SELECT
    'loan_information' AS source,
    loan.borrower_id AS id,
    FALSE AS is_partner
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    'borrower_engagement' AS source,
    engagement.borrower_id AS id,
    FALSE AS is_partner
  FROM staging.borrower_engagement AS engagement
  UNION ALL
  SELECT
    'market_equity' AS source,
    market.property_id AS id,
    FALSE AS is_partner
  FROM staging.market_equity AS market
  UNION ALL
  SELECT
    'home_of_loan' AS source,
    loan.property_id AS id,
    FALSE AS is_partner
  FROM staging.loan_information AS loan
  UNION ALL
  SELECT
    'home_of_loan' AS source,
    market.property_id AS id,
    TRUE AS is_partner
  FROM staging.market_equity AS market
  UNION ALL
  SELECT
    needs.source,
    borrower.borrower_id AS id,
    TRUE AS is_partner
  FROM staging.borrower_information AS borrower
  CROSS JOIN VALUES
    ('loan_information'),
    ('borrower_engagement') AS needs(source)
  UNION ALL
  SELECT
    'market_equity' AS source,
    borrower.property_id AS id,
    TRUE AS is_partner
  FROM staging.borrower_information AS borrower
  UNION ALL
  SELECT
    'market_equity' AS source,
    loan.property_id AS id,
    TRUE AS is_partner
  FROM staging.loan_information AS loan
), counted AS (
  SELECT
    spelled.id,
    BOOL_OR(spelled.is_partner) AS is_partner,
    COUNT(*) AS amount
  FROM spelled
  WHERE
    spelled.source = CAST('loan_information' AS STRING) AND NOT spelled.id IS NULL
  GROUP BY
    spelled.id
), form AS (
  SELECT
    counted.id,
    counted.is_partner,
    loss.priority,
    loss.differs_by,
    CASE loss.priority
      WHEN 1
      THEN REGEXP_REPLACE(counted.id, '^0+', '')
      WHEN 2
      THEN LOWER(counted.id)
      WHEN 3
      THEN REGEXP_REPLACE(counted.id, '\\.0+$', '')
      WHEN 4
      THEN REGEXP_REPLACE(counted.id, '[\\p{Z}\\p{C}]', '')
      WHEN 5
      THEN REGEXP_REPLACE(counted.id, '^[=\'"`]+|[\'"`]+$', '')
      WHEN 6
      THEN REGEXP_REPLACE(
        LOWER(REGEXP_REPLACE(counted.id, '^0+|\\.0+$|^[=\'"`]+|[\'"`]+$|[\\p{Z}\\p{C}]', '')),
        '^0+',
        ''
      )
    END AS form
  FROM counted
  CROSS JOIN VALUES
    (1, 'leading zeros'),
    (2, 'capital letters'),
    (3, 'a .0 at the end'),
    (4, 'spaces or invisible characters'),
    (5, 'quotes or an equals sign around them'),
    (6, 'several of zeros, capitals, a .0, spaces and quotes') AS loss(priority, differs_by)
), meeting AS (
  SELECT
    form.priority,
    form.form
  FROM form
  GROUP BY
    form.priority,
    form.form
  HAVING
    BOOL_OR(form.is_partner) AND NOT BOOL_AND(form.is_partner)
), clash AS (
  SELECT
    same.priority,
    MIN(same.one_id || ' and ' || same.another_id) AS would_be_one
  FROM (
    SELECT
      form.priority,
      MIN(form.id) AS one_id,
      MAX(form.id) AS another_id
    FROM form
    GROUP BY
      form.priority,
      form.form,
      form.is_partner
    HAVING
      COUNT(*) > 1
  ) AS same
  GROUP BY
    same.priority
), explained AS (
  SELECT
    form.id,
    MIN(form.priority) AS priority
  FROM form
  INNER JOIN meeting
    ON meeting.priority = form.priority AND meeting.form = form.form
  WHERE
    NOT form.is_partner
  GROUP BY
    form.id
), alone AS (
  SELECT
    counted.id,
    counted.amount,
    CASE
      WHEN NOT explained.priority IS NULL
      THEN explained.priority
      WHEN counted.id RLIKE '^[0-9](\\.[0-9]+)?[eE][+]?[0-9]+$'
      THEN 7
    END AS priority
  FROM counted
  LEFT JOIN explained
    ON explained.id = counted.id
  WHERE
    NOT counted.is_partner
)
SELECT
  CASE
    WHEN alone.priority = 7
    THEN 'digits that the exponent form lost'
    ELSE MIN(form.differs_by)
  END AS differs_by,
  SUM(alone.amount) AS amount,
  MIN(clash.would_be_one) AS would_be_one
FROM alone
LEFT JOIN form
  ON form.id = alone.id AND form.priority = alone.priority
LEFT JOIN clash
  ON clash.priority = alone.priority
GROUP BY
  alone.priority
ORDER BY
  amount DESC,
  differs_by ASC NULLS LAST;
