"""`refi resolve`, measured: on generated borrowers beside a bare Splink script, and on public data with known persons.

Rows that are malformed by design are left out for both. The true persons are used for the score alone.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measure import PROJECT_DIR, command, measure_process, python
from bench.results import BARE_SPLINK, FAKE_1000, FEBRL_3, FEBRL_4, PEOPLE, RESOLVE, Bench

PUBLIC = PROJECT_DIR.parent / "shared" / "data" / "entity_resolution"
BORROWER = {
    **{"given_name": "first_name", "surname": "last_name", "email": "email", "phone": "phone"},
    **{"date_of_birth": "date_of_birth", "street": "street", "city": "city", "state": "state", "postcode": "postcode"},
}
FEBRL = {
    **{"given_name": "given_name", "surname": "surname", "street": "street_number+address_1", "city": "suburb"},
    **{"postcode": "postcode", "state": "state", "date_of_birth": "date_of_birth"},
}
FAKE = {"given_name": "first_name", "surname": "surname", "date_of_birth": "dob", "city": "city", "email": "email"}

WELL_FORMED = """
import duckdb, sys
source, out = sys.argv[1:]
with open(f"{source}/borrower_information.csv", "rb") as lines, open(f"{out}.csv", "wb") as whole:
    fields = lines.readline()
    whole.write(fields)
    for line in lines:
        is_text = line.decode(errors="ignore").encode() == line and not {*line} & {*b'"\\r\\0'}
        if is_text and line.count(b",") == fields.count(b","):
            whole.write(line)
read = "all_varchar = true, header = true, delim = ','"
duckdb.sql(f"COPY (SELECT borrower.*, person FROM (SELECT * FROM read_csv('{out}.csv', {read}) "
    "QUALIFY COUNT(*) OVER (PARTITION BY borrower_id) = 1) AS borrower "
    f"JOIN read_csv('{source}/persons.csv', {read}) USING (borrower_id)) TO '{out}' (FORMAT parquet)")
"""
# rec-1070-dup-0 is of person 1070; there are spaces after the commas of FEBRL's files.
PERSON_OF_FEBRL = """
import duckdb, sys
source, out = sys.argv[1:]
duckdb.sql(f"COPY (SELECT *, SPLIT_PART(rec_id, '-', 2) AS person FROM read_csv('{source}', all_varchar = true, "
    f"header = true, delim = ', ')) TO '{out}' (FORMAT parquet)")
"""
SCORE = """
import json, sys
import duckdb
from refi_assets.identity.scoring import score
frame = duckdb.sql(f"SELECT person_id, person FROM read_csv('{sys.argv[1]}', all_varchar = true) "
    f"JOIN '{sys.argv[2]}' ON id = borrower_id").df()
print(json.dumps(score(frame["person_id"], frame["person"]).as_json()))
"""


def map_options(maps: Mapping[str, str]) -> list[str]:
    """The --map options of `refi resolve`."""
    return [argument for kind, column in maps.items() for argument in ("--map", f"{kind}={column}")]


def compare_with_bare_splink(bench: Bench, rows: int, folder: Path) -> None:
    """Both on `rows` generated borrowers, a tenth of whom are duplicates; all files are in a new folder."""
    source, records, rules, theirs = (folder / name for name in ("source", "records.parquet", "rules.json", "bare.csv"))
    folder.mkdir()
    measure_process(command("refi", "generate", source, "--rows", str(rows), "--duplicates", "10"), folder)
    measure_process(python("-c", WELL_FORMED, source, records), folder)
    resolved = resolve_and_score(bench, PEOPLE, [records], BORROWER, "borrower_id", "person", folder)
    rules.write_text(json.dumps(resolved["model"]["rules"]), encoding="utf-8")
    bare = measure_process(python(PROJECT_DIR / "bench" / "bare_splink.py", records, rules, theirs), folder)
    bench.keep(PEOPLE, BARE_SPLINK, bare)
    score = json.loads(measure_process(python("-c", SCORE, theirs, records), folder).stdout)
    bench.scores[PEOPLE][BARE_SPLINK] = score


def resolve_public_data(bench: Bench, folder: Path) -> None:
    """FEBRL 3 and 4, without the number that identifies persons, and Splink's fake_1000, if these files exist."""
    if not PUBLIC.is_dir():
        return
    folder.mkdir()
    for path in PUBLIC.glob("dataset*.csv"):
        measure_process(python("-c", PERSON_OF_FEBRL, path, folder / f"{path.stem}.parquet"), folder)
    shutil.copy(PUBLIC / "fake_1000.csv", folder)
    for data, files, maps, id_column, person in (
        (FEBRL_4, ("dataset4a.parquet", "dataset4b.parquet"), FEBRL, "rec_id", "person"),
        (FEBRL_3, ("dataset3.parquet",), FEBRL, "rec_id", "person"),
        (FAKE_1000, ("fake_1000.csv",), FAKE, "unique_id", "cluster"),
    ):
        resolve_and_score(bench, data, [folder / name for name in files], maps, id_column, person, folder)


def resolve_and_score(
    bench: Bench,
    data: str,
    files: Sequence[Path],
    maps: Mapping[str, str],
    id_column: str,
    person: str,
    folder: Path,
) -> Any:
    """Run `refi resolve`, keep its measurement and score, and return its result."""
    out = ("--out", folder / "resolved.csv", "--truth", person, "--json")
    measured = measure_process(command("refi", "resolve", *files, *map_options(maps), "--id", id_column, *out), folder)
    resolved = json.loads(measured.stdout)
    bench.rows[data] = resolved["records"]
    bench.keep(data, RESOLVE, measured)
    bench.scores[data] = {RESOLVE: resolved["score"]}
    return resolved
