-- Persons by what became of them.
SELECT
    history.event AS measure,
    COUNT(*) AS amount
FROM person_history AS history
GROUP BY
    history.event
