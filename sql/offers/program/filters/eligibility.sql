-- May the customer hear from us again, and is there a channel to do so?
-- grain: customer_id
-- rule offered_within_days: last_offered_on is not within :suppression_days days before the as-of day, nor after it;
--   else eligible when the as-of day is :suppressed_until or later.
-- rule opted_out: is_reachable is true;
--   else eligible when a channel of the program is open for each record of the person.
SELECT
    customer.customer_id,
    CASE
        WHEN DATE_DIFF('day', customer.last_offered_on, :as_of) < :suppression_days THEN 'offered_within_days'
    END AS suppression,
    CASE WHEN NOT customer.is_reachable THEN 'opted_out' END AS contact
FROM program.customers AS customer
