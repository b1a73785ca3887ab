"""From the offers of a program to its store, from which they are served.

A week is loaded where no reader sees it, and becomes the current one by a single move; see refi_assets/store/.
"""

from datetime import date

from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBSession
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.lake import Details
from refi_assets.offers.program import Program
from refi_assets.specs.names import table_of
from refi_assets.specs.sql_models import DIALECT, load_sql_models
from refi_assets.store.protocol import OfferStore, Week

_LOADED_AT_ONCE = 10_000  # rows

# Offers in the columns of the store. The id of an offer is a hash of its terms: the same terms always have the same id.
_ROWS = """
    SELECT
        md5(terms), customer_id, person_id, tier, CAST(approval_likelihood * 1000000 AS BIGINT),
        CAST(amount * 100 AS BIGINT), expires_on, '{{"offer_id":"' || md5(terms) || '",' || terms[2:]
    FROM (
        SELECT *, to_json(struct_pack(
            program_id := {program_id}, product := {product}, offered_on := DATE '{as_of}', customer_id, credit_tier,
            score_band, tier, approval_likelihood, default_probability, amount, note_rate_pct, term_months,
            monthly_payment, last_payment, origination_fee, amount_financed, finance_charge, total_of_payments, apr_pct,
            expires_on
        ))::VARCHAR AS terms
        FROM offer
    )
    ORDER BY tier, approval_likelihood DESC, customer_id
"""


class StoredDetails(Details):
    """The record of a week in the store; `not_stored` says why it has none."""

    new_offers: int = 0
    carried_offers: int = 0
    not_stored: str | None = None


def store_offers(session: DuckDBSession, program: Program, run_id: str, as_of: date, store: OfferStore) -> Week:
    """Load the offers of a run, and make them the current week. Raises StoreError; the last week then stays.

    An opt-out ends a firm offer, also of a customer without a profile this week.
    """
    week = store.current()
    if week is not None and week.run_id == run_id:  # by an earlier attempt of this step
        return week
    customers = table_of(f"{program.key}/customers")
    is_shared = "person_id IN (SELECT person_id FROM customer GROUP BY person_id HAVING COUNT(*) > 1)"
    session.create_table("offer", exp.select("*").from_(table_of(f"{program.key}/offers")).sql(DIALECT))
    session.create_table(
        "customer", exp.select("customer_id", "person_id", "open_channels").from_(customers).sql(DIALECT)
    )
    refusals = load_sql_models()[f"{program.key}/answers/opted_out_customers"]
    opted_out = session.query(refusals.bind(program.parameters))
    persons = session.execute(f"SELECT customer_id, person_id FROM customer WHERE {is_shared}")
    open_channels = session.execute("SELECT customer_id, open_channels FROM customer WHERE open_channels <> ''")
    rows = _ROWS.format(
        program_id=text_literal(program.program_id), product=text_literal(program.product), as_of=as_of.isoformat()
    )
    store.load(
        run_id,
        as_of,
        session.batches(rows, _LOADED_AT_ONCE),
        opted_out=(row["customer_id"] for row in opted_out),
        persons=((customer_id, person_id) for customer_id, person_id in persons),
        open_channels=((customer_id, names) for customer_id, names in open_channels),
    )
    return store.make_current(run_id)
