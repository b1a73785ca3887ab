"""The columns from which the persons of customers are derived, if matching finds them (defs/offers/assets.py).

They are the same whether matching is on or off; without it, sql/offers/person.sql derives them from fewer columns.
"""

from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.python_relations import PythonColumn, PythonRelation

PROFILES_SOURCE = "customer_credit_profiles"
CUSTOMER_PROFILES = f"staging/{PROFILES_SOURCE}"
PERSON = "offers/person"


def declared_relations() -> list[PythonRelation]:
    """Persons, by the columns that the contract says are about the person."""
    customer = (CUSTOMER_PROFILES, "customer_id")
    personal = load_contracts()[PROFILES_SOURCE].person_attributes
    matched = (customer, *((CUSTOMER_PROFILES, column) for column in personal))
    how = "records are matched and joined to persons"
    return [
        PythonRelation(
            PERSON,
            {
                "customer_id": PythonColumn("VARCHAR", "every accepted record", (customer,)),
                "person_id": PythonColumn("VARCHAR", f"{how}; ids stay from run to run", matched),
                "cluster_size": PythonColumn("INTEGER", f"{how}; the records of one", matched),
                "weakest_link": PythonColumn("DOUBLE", f"{how}; the least probable link of one", matched),
            },
        )
    ]
