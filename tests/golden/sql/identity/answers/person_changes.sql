-- duckdb, trino, athena
WITH still_there AS (
  SELECT DISTINCT
    now_is.person_id
  FROM identity.resolved_borrower AS now_is
)
SELECT
  CASE WHEN still_there.person_id IS NULL THEN 'merged' ELSE 'split' END AS event,
  now_is.person_id,
  was.person_id AS from_person_id,
  COUNT(*) AS borrowers
FROM before_identity.resolved_borrower AS was
INNER JOIN identity.resolved_borrower AS now_is
  ON now_is.borrower_id = was.borrower_id
LEFT JOIN still_there
  ON still_there.person_id = was.person_id
WHERE
  was.person_id <> now_is.person_id
GROUP BY
  CASE WHEN still_there.person_id IS NULL THEN 'merged' ELSE 'split' END,
  now_is.person_id,
  was.person_id
ORDER BY
  now_is.person_id ASC,
  was.person_id ASC;

-- spark
WITH still_there AS (
  SELECT DISTINCT
    now_is.person_id
  FROM identity.resolved_borrower AS now_is
)
SELECT
  CASE WHEN still_there.person_id IS NULL THEN 'merged' ELSE 'split' END AS event,
  now_is.person_id,
  was.person_id AS from_person_id,
  COUNT(*) AS borrowers
FROM before_identity.resolved_borrower AS was
INNER JOIN identity.resolved_borrower AS now_is
  ON now_is.borrower_id = was.borrower_id
LEFT JOIN still_there
  ON still_there.person_id = was.person_id
WHERE
  was.person_id <> now_is.person_id
GROUP BY
  CASE WHEN still_there.person_id IS NULL THEN 'merged' ELSE 'split' END,
  now_is.person_id,
  was.person_id
ORDER BY
  now_is.person_id ASC NULLS LAST,
  was.person_id ASC NULLS LAST;
