"""A bare Splink script beside `refi resolve`: python bench/bare_splink.py RECORDS.parquet RULES.json OUT.csv.

Its comparisons are Splink's own, its parameters come from Splink's own sessions, and its blocking rules are those that
`refi resolve` chose (model.rules of its --json), on the columns unchanged. It writes id, person_id.
"""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

# Our features as a bare script would write them.
FEATURES = {
    "email_user": "split_part(email, '@', 1)",
    "email": "email",
    "phone": "phone",
    "street": "regexp_replace(street, '^[0-9]+ ', '')",
    "house_number": "regexp_extract(street, '^[0-9]+')",
    "postcode_area": "substr(postcode, 1, 4)",
    "postcode": "postcode",
    "city": "city",
    "birth_year": "substr(date_of_birth, 1, 4)",
    "birth_day": "substr(date_of_birth, 6)",
    "birth": "date_of_birth",
    "surname_start": "substr(last_name, 1, 3)",
    "surname": "last_name",
    "given_start": "substr(first_name, 1, 3)",
    "given": "first_name",
}


def main(records: str, rules: str, out: str) -> None:
    """Train, predict, cluster at 0.95 as in Splink's tutorial, and write."""
    chosen = [rule["on"] for rule in json.loads(Path(rules).read_text(encoding="utf-8"))]
    config: dict[str, Any] = {"memory_limit": "5GB", "temp_directory": str(Path(out).with_suffix(".spill"))}
    with duckdb.connect(config=config) as connection:
        connection.execute("CREATE TABLE record AS SELECT * FROM read_parquet(?)", [records])
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="borrower_id",
            comparisons=[
                cl.NameComparison("first_name"),
                cl.NameComparison("last_name"),
                cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
                cl.EmailComparison("email"),
                cl.ExactMatch("phone"),
                cl.JaroWinklerAtThresholds("street"),
                cl.ExactMatch("city").configure(term_frequency_adjustments=True),
                cl.ExactMatch("postcode"),
            ],
            blocking_rules_to_generate_predictions=[block_on(*(FEATURES[name] for name in rule)) for rule in chosen],
        )
        api = DuckDBAPI(connection)
        linker = Linker(api.register("record"), settings, log_level=None)
        linker.training.estimate_probability_two_random_records_match(
            [block_on("first_name", "last_name", "date_of_birth"), block_on("email")], recall=0.7
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for rule in (("last_name", "date_of_birth"), ("first_name", "postcode")):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
        predicted = linker.inference.predict(threshold_match_probability=0.5)
        clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, 0.95).physical_name
        connection.execute(
            f"COPY (SELECT borrower_id AS id, cluster_id AS person_id FROM {clustered}) TO '{out}' (FORMAT csv, HEADER)"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
