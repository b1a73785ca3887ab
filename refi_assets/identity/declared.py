"""The columns from which pairs, persons and their history are derived. The work is in resolution.py.

They are the same whether matching is on or off; without it, the SQL in sql/identity/ derives them from fewer columns.
"""

from refi_assets.identity import HISTORY, PAIRS, PERSONS
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.python_relations import PythonColumn, PythonRelation, Source

BORROWERS = "staging/borrower_information"
BORROWER = (BORROWERS, "borrower_id")
# Attributes that keep records apart if they differ; names may have a suffix.
KEEPS_APART = ("national_id", "date_of_birth", "given_name", "surname", "full_name")


def declared_relations() -> list[PythonRelation]:
    """Pairs, persons and history, by the columns that the contract says are about the person."""
    personal = load_contracts()["borrower_information"].person_attributes
    compared = tuple((BORROWERS, column) for column in personal)
    guards = tuple((BORROWERS, column) for column, attribute in personal.items() if attribute in KEEPS_APART)
    links: tuple[Source, ...] = tuple(
        (PAIRS, column)
        for column in ("borrower_id_1", "borrower_id_2", "match_probability", "review_reason", "decision")
    )
    persons = (BORROWER, *links, *guards)
    pairs = PythonRelation(
        PAIRS,
        {
            "borrower_id_1": PythonColumn("VARCHAR", "the first of two records that were compared", (BORROWER,)),
            "borrower_id_2": PythonColumn("VARCHAR", "the second of two records that were compared", (BORROWER,)),
            "match_weight": PythonColumn("DOUBLE", "matching compares the two records", compared),
            "match_probability": PythonColumn("DOUBLE", "matching compares the two records", compared),
            "evidence": PythonColumn("VARCHAR", "matching compares the two records", compared),
            "review_reason": PythonColumn("VARCHAR", "only people may link the two, if there is a reason", compared),
            "decision": PythonColumn("VARCHAR", "people decide (refi review)", ()),
        },
    )
    resolved = PythonRelation(
        PERSONS,
        {
            "borrower_id": PythonColumn("VARCHAR", "every accepted record", (BORROWER,)),
            "person_id": PythonColumn("VARCHAR", "links joined to persons; ids stay from run to run", persons),
            "cluster_size": PythonColumn("INTEGER", "links joined to persons; the records of one", persons),
            "weakest_link": PythonColumn("DOUBLE", "links joined to persons; the least probable of one", persons),
        },
    )
    person, record = (PERSONS, "person_id"), (PERSONS, "borrower_id")
    history = PythonRelation(
        HISTORY,
        {
            "event": PythonColumn("VARCHAR", "persons compared with those of the run before", (record, person)),
            "person_id": PythonColumn("VARCHAR", "the person of now", (person,)),
            "from_person_id": PythonColumn("VARCHAR", "the person of the run before", (person,)),
            "borrowers": PythonColumn("BIGINT", "records that moved between the two", (record, person)),
        },
    )
    return [pairs, resolved, history]
