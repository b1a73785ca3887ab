"""A lake whose published run matched records, with relations as the assets of the identity group leave them.

Eleven invented borrowers. B01, B02 and B03 are one person by two links; two pairs wait for review; B08 and B09 would
be linked, but their clusters contradict it; B10 and B11 are different by decision.
"""

import json
from pathlib import Path
from typing import Any

import duckdb

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.identity.details import PairsDetails, PersonsDetails
from refi_assets.lake import NO_DETAILS, Details, ObjectStore, Relation, RunFolder, open_lake
from refi_assets.specs.contracts import load_contracts
from tests.support.running import DAY

RUN = "run-one"
PRIOR_WEIGHT = -12.0
MATCH_THRESHOLD, REVIEW_THRESHOLD = 0.9, 0.1

# Pair -> the weights of its comparisons in bits. A weight of w bits is odds of 2 to the power of w.
WEIGHTS: dict[tuple[str, str], dict[str, tuple[str, float]]] = {
    ("B01", "B02"): {
        "given_name": ("a nickname of the other", 1.0),
        "surname": ("the same", 8.0),
        "date_of_birth": ("the same", 11.0),
        "email": ("different", -1.5),
        "phone": ("the same", 12.0),
    },  # -12 + 30.5 = 18.5
    ("B02", "B03"): {"surname": ("the same", 8.0), "phone": ("the same", 12.0)},  # 8: odds of 256 to 1
    ("B04", "B05"): {"surname": ("the same", 8.0), "given_name": ("the same", 5.0)},  # 1: odds of 2 to 1
    ("B06", "B07"): {"given_name": ("the same", 5.0), "date_of_birth": ("two parts the same", 6.0)},  # -1: 1 to 2
    ("B08", "B09"): {"email": ("the same", 14.0), "phone": ("the same", 12.0)},  # 14
    ("B10", "B11"): {"email": ("the same", 14.0), "phone": ("the same", 12.0)},  # 14
}
DECIDED = {("B10", "B11"): "different"}
PERSONS = {"B01": "B01", "B02": "B01", "B03": "B01"}  # the others are themselves

BORROWERS: dict[str, dict[str, str]] = {
    "B01": {
        **{"first_name": "Katherine", "last_name": "Okafor", "email": "k.okafor@example.com"},
        **{"phone": "(231) 555-0139", "city": "Dayton", "date_of_birth": "1984-03-12"},
    },
    "B02": {
        **{"first_name": "Kate", "last_name": "Okafor", "email": "kate@example.org"},
        **{"phone": "231-555-0139", "date_of_birth": "1984-03-12"},
    },
    "B03": {"last_name": "Okafor", "phone": "231-555-0139"},
    "B04": {"first_name": "Ana", "last_name": "Lindqvist", "city": "Toledo", "state": "OH"},
    "B05": {"first_name": "Ana", "last_name": "Lindqvist", "city": "Lima", "state": "OH"},
    **{f"B{n:02}": {"first_name": f"Given{n}", "last_name": "[bold]Fa\x1bmily"} for n in range(6, 12)},
}


def identified_lake(folder: Path, *, engine: str = "splink") -> ObjectStore:
    """The lake. With engine off, it has no pairs and each record is one person; with aws, pairs have no evidence."""
    lake = open_lake(str(folder))
    contract = load_contracts()["borrower_information"]
    run = RunFolder(lake, RUN)
    pairs = [_pair(*ids, weights) for ids, weights in WEIGHTS.items()] if engine != "off" else []
    waiting = sorted((pair for pair in pairs if 0.1 <= pair[3] < 0.9), key=lambda pair: -pair[3])
    if engine == "aws":
        pairs, waiting = [(*pair, None, None, None, None) for pair in WEIGHTS if pair[0] in PERSONS], []
    persons = PERSONS if engine != "off" else {}
    sizes = {person: list(persons.values()).count(person) for person in persons.values()}
    resolved = [(id_, persons.get(id_, id_), sizes.get(persons.get(id_, id_), 1), None) for id_ in BORROWERS]
    of_pairs = PairsDetails(
        engine=engine,
        model={"prior_weight": PRIOR_WEIGHT} if engine == "splink" else None,
        match_threshold=MATCH_THRESHOLD,
        review_threshold=REVIEW_THRESHOLD,
    )
    of_persons = PersonsDetails(engine=engine, previous_run=None, splits={}, shown_splits=())
    pair_columns = {
        **{"borrower_id_1": "VARCHAR", "borrower_id_2": "VARCHAR", "match_weight": "DOUBLE"},
        **{"match_probability": "DOUBLE", "evidence": "VARCHAR", "decision": "VARCHAR"},
    }
    person_columns = {
        **{"borrower_id": "VARCHAR", "person_id": "VARCHAR", "cluster_size": "INTEGER", "weakest_link": "DOUBLE"}
    }
    of_borrowers = [
        [{"borrower_id": id_, **cells}.get(name) for name in contract.sql_types] for id_, cells in BORROWERS.items()
    ]
    _save(run, "staging/borrower_information", contract.sql_types, of_borrowers, {})
    staged = {"staging/borrower_information": RUN}
    _save(run, "identity/matched_pairs", pair_columns, pairs, staged, of_pairs)
    _save(run, "identity/review_queue", pair_columns, waiting, {"identity/matched_pairs": RUN})
    _save(run, "identity/resolved_borrower", person_columns, resolved, {"identity/matched_pairs": RUN}, of_persons)
    publish(lake, {"identity/resolved_borrower": {"run_id": RUN}})
    return lake


def publish(lake: ObjectStore, relations: dict[str, Any]) -> None:
    """Publish the run as the latest, with these relations behind it."""
    lake.put_json(f"output/{RUN}.manifest.json", {"run_id": RUN, "as_of": DAY.isoformat(), "relations": relations})
    lake.put_json("output/latest.json", {"run_id": RUN})


def _pair(id_1: str, id_2: str, weights: dict[str, tuple[str, float]]) -> tuple[Any, ...]:
    weight = PRIOR_WEIGHT + sum(weight for _, weight in weights.values())
    evidence = {name: {"level": level, "weight": weight} for name, (level, weight) in weights.items()}
    return id_1, id_2, weight, 2**weight / (1 + 2**weight), json.dumps(evidence), DECIDED.get((id_1, id_2))


def _save(
    run: RunFolder,
    key: str,
    columns: dict[str, str],
    rows: Any,
    inputs: dict[str, str],
    details: Details = NO_DETAILS,
) -> None:
    parquet = run.key(key, "/data.parquet")
    path = run.lake.target(parquet)
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE saved ({listed})")
        if rows:
            connection.executemany(f"INSERT INTO saved VALUES ({', '.join('?' * len(columns))})", rows)
        connection.execute(f"COPY saved TO {text_literal(path)} (FORMAT parquet)")
    run.save(
        Relation(
            key=key,
            run_id=run.run_id,
            as_of=DAY,
            kind="table",
            columns=columns,
            parquet=parquet,
            rows=len(rows),
            inputs=inputs,
            details=details,
        )
    )
