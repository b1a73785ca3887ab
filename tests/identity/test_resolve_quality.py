"""How good `refi resolve` is on public data, with nothing but --map; the truth is used for the score alone."""

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from bench.entity_resolution import FAKE, FEBRL, PUBLIC, map_options
from tests.support.people import pairs

pytestmark = pytest.mark.skipif(
    not PUBLIC.is_dir(),
    reason="the public data are not here: put entity_resolution into shared/data beside the project",
)


def quality(ours: dict[str, str], theirs: dict[str, str]) -> tuple[float, float]:
    """Precision and F1 of pairs."""
    found, true = pairs(ours), pairs(theirs)
    right = len(found & true)
    return right / len(found), 2 * right / (len(found) + len(true))


def persons(path: Path) -> dict[str, str]:
    with path.open(newline="") as stream:
        return {row["id"]: row["person_id"] for row in csv.DictReader(stream)}


@pytest.mark.long
@pytest.mark.parametrize(
    ("files", "least_f1"), [(["dataset4a.csv", "dataset4b.csv"], 0.997), (["dataset3.csv"], 0.996)], ids=["4", "3"]
)
def test_febrl_without_the_number_that_tells_who_is_who(refi, tmp_path, files, least_f1):
    paths = [PUBLIC / file for file in files]
    refi("resolve", *paths, *map_options(FEBRL), "--id", "rec_id", "--out", tmp_path / "out.csv")

    ours = persons(tmp_path / "out.csv")
    precision, f1 = quality(ours, {id_: id_.split("-")[1] for id_ in ours})  # rec-1070-dup-0 is of person 1070

    assert precision >= 0.999
    assert f1 >= least_f1


def test_fake_1000_is_not_below_the_model_of_splinks_own_tutorial(refi, tmp_path):
    file = PUBLIC / "fake_1000.csv"
    with file.open(newline="") as stream:
        truth = {row["unique_id"]: row["cluster"] for row in csv.DictReader(stream)}

    score = ("--truth", "cluster", "--json")
    found = refi("resolve", file, *map_options(FAKE), "--id", "unique_id", "--out", tmp_path / "out.csv", *score).json

    precision, f1 = quality(persons(tmp_path / "out.csv"), truth)
    assert found["score"]["precision"] == pytest.approx(precision)
    assert found["score"]["f1"] == pytest.approx(f1)
    assert found["true_pairs"] == len(pairs(truth)) == 2031
    assert f1 >= max(quality(groups, truth)[1] for groups in tutorial(file))


def tutorial(file: Path) -> list[dict[str, str]]:
    """The clusters of the tutorial's model, at its threshold of 0.95 and at others."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE fake AS SELECT * FROM read_csv('{file}', all_varchar = true)")
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                cl.NameComparison("first_name"),
                cl.NameComparison("surname"),
                cl.LevenshteinAtThresholds("dob", 1),
                cl.ExactMatch("city").configure(term_frequency_adjustments=True),
                cl.EmailComparison("email"),
            ],
            blocking_rules_to_generate_predictions=[block_on("first_name", "city"), block_on("surname")],
            retain_intermediate_calculation_columns=True,
        )
        linker = Linker(DuckDBAPI(connection).register("fake"), settings, log_level=None)
        rules: list[Any] = [block_on("first_name", "dob"), "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1"]
        linker.training.estimate_probability_two_random_records_match([*rules, block_on("email")], recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for on in (("first_name", "surname"), ("dob",)):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*on))
        predicted = linker.inference.predict(threshold_match_probability=0.05)
        clustered = []
        for threshold in (0.95, 0.8, 0.5, 0.2):
            made = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold).physical_name
            clustered.append(dict(connection.execute(f"SELECT unique_id, cluster_id FROM {made}").fetchall()))
        return clustered
