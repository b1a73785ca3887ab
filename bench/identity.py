"""`refi resolve` beside a bare Splink script on generated borrowers: python -m bench.identity [ROWS].

Prints a table in Markdown, for docs/performance.md: seconds, peak memory and F1 of pairs of each, in processes of
their own. Borrowers' rows that are malformed by design are left out for both.
"""

import argparse
import json
from pathlib import Path

from bench.__main__ import emptied
from bench.measure import PROJECT_DIR, command, measure, python, use_two_cores

MAPS = {
    **{"given_name": "first_name", "surname": "last_name", "email": "email", "phone": "phone"},
    **{"date_of_birth": "date_of_birth", "street": "street", "city": "city", "state": "state", "postcode": "postcode"},
}
PREPARE = """
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
SCORE = """
import json, sys
import duckdb
from refi_assets.identity.scoring import score
frame = duckdb.sql(f"SELECT person_id, person FROM read_csv('{sys.argv[1]}', all_varchar = true) "
    f"JOIN '{sys.argv[2]}' ON id = borrower_id").df()
print(json.dumps(score(frame["person_id"], frame["person"]).as_json()))
"""


def main() -> None:
    """Measure once, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.identity", description=main.__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path, default=PROJECT_DIR / "build" / "bench")
    arguments = parser.parse_args()
    use_two_cores()
    folder = emptied(arguments.dir.resolve() / f"identity_{arguments.rows}")
    source, records, rules = folder / "source", folder / "records.parquet", folder / "rules.json"
    generate = ("generate", source, "--rows", str(arguments.rows), "--duplicates", "10")
    measure(command("refi", *generate), folder)
    measure(python("-c", PREPARE, source, records), folder)
    maps = [word for kind, column in MAPS.items() for word in ("--map", f"{kind}={column}")]
    ours, theirs = folder / "ours.csv", folder / "theirs.csv"
    resolve = command("refi", "resolve", records, *maps, "--id", "borrower_id", "--out", ours, "--json")
    measured = {"refi resolve": measure(resolve, folder)}
    model = json.loads(measured["refi resolve"].stdout)["model"]
    rules.write_text(json.dumps(model["rules"]), encoding="utf-8")
    measured["bare Splink"] = measure(python(PROJECT_DIR / "bench" / "bare_splink.py", records, rules, theirs), folder)
    print(f"{model['records']:,} records, {model['compared_pairs']:,} pairs by {len(model['rules'])} rules.\n")
    print("| job | s | times bare Splink | peak, GiB | precision | recall | F1 |\n| --- " + "| ---: " * 6 + "|")
    for (name, one), path in zip(measured.items(), (ours, theirs), strict=True):
        score = json.loads(measure(python("-c", SCORE, path, records), folder).stdout)
        times = one.seconds / measured["bare Splink"].seconds
        shares = " | ".join(f"{score[figure]:.4f}" for figure in ("precision", "recall", "f1"))
        print(f"| {name} | {one.seconds:.1f} | {times:.2f} | {one.peak / 2**30:.2f} | {shares} |")


if __name__ == "__main__":
    main()
