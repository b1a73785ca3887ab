"""Generated source files: the same bytes every time, and a truth that staging and a plain join confirm."""

import hashlib
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from refi_assets.errors import SettingError
from refi_assets.sample.case_model import SOURCES
from refi_assets.sample.cases import CASES, cases_of
from refi_assets.sample.generate import TRUTH_FILE, generate_files
from refi_assets.sample.truth import truth
from refi_assets.settings import PROJECT_DIR
from tests.support.plain_rules import outcome
from tests.support.sources import Sources

MINIMUM_ROWS = len(CASES)  # one borrower per case
MINIMUM_CLEAN_ROWS = len(cases_of(clean=True))
SAMPLE = PROJECT_DIR / "data" / "sample"
FILES = (*(f"{source}.csv" for source in SOURCES), TRUTH_FILE)

Rows = list[dict[str, Any]]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def shares(rows: int) -> tuple[float, float, float]:
    """The largest quarantined share of a source, the share of borrowers that match, and the audience's share."""
    document = truth(rows, 1)
    counts = document["counts"]
    accepted = counts["sources"]["borrower_information"]["accepted"]
    quarantined = max(sum(source["quarantined"].values()) / source["rows"] for source in counts["sources"].values())
    return quarantined, 1 - sum(counts["unmatched"].values()) / accepted, document["audience_rows"] / accepted


def tier(spread: Decimal | None) -> str:
    if spread is None or spread <= Decimal("0.5"):
        return "Ineligible"
    return "Watchlist" if spread <= Decimal("0.75") else "Hot Lead" if spread <= Decimal("1.25") else "Immediate Action"


def joined_and_judged(accepted: dict[str, Rows]) -> dict[str, Any]:
    """The counts of the refi rules on accepted rows, in the form of the truth."""
    result = outcome(accepted)
    tiers = Counter(tier(judged.spread) for judged in result.judged)
    return {
        "unified": tiers.total(),
        "eligible": sum(judged.is_eligible for judged in result.judged),
        "unmatched": result.unmatched,
        "loans_without_borrower": result.loans_without_borrower,
        "engagement_without_borrower": result.engagement_without_borrower,
        "offers_without_home": result.offers_without_home,
        "letter_to_another": result.letter_to_another,
        "tiers": tiers,
        "audience_tiers": Counter(map(tier, result.audience.values())),
    }


def assert_confirmed(counts: dict[str, Any], folder: Path, sources: Sources) -> None:
    """Staging and a plain join of its accepted rows count as the truth does."""
    staged = {source: sources.stage_folder(source, folder) for source in SOURCES}
    for source, result in staged.items():
        assert counts["sources"][source] == {
            "rows": result.counts.rows,
            "accepted": result.counts.accepted,
            "quarantined": result.counts.quarantined,
            "nulled": result.counts.nulled,
            "emptied": result.counts.emptied,
            "invisible": result.counts.invisible,
        }
    judged = joined_and_judged({source: result.accepted for source, result in staged.items()})
    assert judged == {name: count for name, count in counts.items() if name != "sources"}


@pytest.mark.parametrize(
    ("rows", "seed", "duplicates"), [(MINIMUM_ROWS, 1, 0), (250, 1, 0), (4_000, 77, 0), (250, 1, 8), (4_000, 77, 20)]
)
def test_staging_and_a_plain_join_confirm_the_truth(
    sources: Sources, tmp_path: Path, rows: int, seed: int, duplicates: int
):
    folder = tmp_path / "generated"
    assert_confirmed(generate_files(rows, seed, folder, duplicates=duplicates)["counts"], folder, sources)


@pytest.mark.parametrize(("rows", "seed"), [(MINIMUM_CLEAN_ROWS, 1), (4_000, 77)])
def test_every_cell_of_clean_files_is_read_and_every_borrower_is_judged(
    sources: Sources, tmp_path: Path, rows: int, seed: int
):
    folder = tmp_path / "generated"
    counts = generate_files(rows, seed, folder, clean=True)["counts"]
    assert_confirmed(counts, folder, sources)
    assert counts["unified"] == rows
    clean = {"rows": rows, "accepted": rows, "quarantined": {}, "nulled": {}, "emptied": {}, "invisible": {}}
    for source in SOURCES:
        assert counts["sources"][source] == clean
        lines = (folder / f"{source}.csv").read_text("utf-8").splitlines()[1:]
        cells = [cell for line in lines for cell in line.split(",")]
        assert not [cell for cell in cells if '"' in cell or cell != cell.strip()]


def test_clean_files_with_duplicates_are_refused(tmp_path: Path):
    with pytest.raises(SettingError, match="leave out --clean or --duplicates"):
        generate_files(1_000, 1, tmp_path / "generated", duplicates=10, clean=True)
    assert not (tmp_path / "generated").exists()


@pytest.mark.parametrize("duplicates", [0, 10])
def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(tmp_path: Path, duplicates: int):
    # More than one row group of DuckDB (122,880 rows), so that there is work for a second thread.
    generate_files(130_000, 5, tmp_path / "one", duplicates=duplicates, threads=1)
    generate_files(130_000, 5, tmp_path / "four", duplicates=duplicates, threads=4)
    assert contents(tmp_path / "one") == contents(tmp_path / "four")


# SHA-256 of generated files.
SHA256 = {
    (250, 1): {
        "borrower_engagement.csv": "06889c5e1b9d5dedd9179967b9ee940b4e658b5bf64896020b35b1b81f68a63c",
        "borrower_information.csv": "4cd2cbd6dcad91dfe384d47fb056b1ba11a993347e737ad94dfc8da6e5f212c6",
        "loan_information.csv": "a781aeb79324d3d5d3f332d10d620739c8d15239927f75dfb29f12c6da64d497",
        "market_equity.csv": "5558055ba10be1e3efbc39975173cf5064be6f06a34e37dd174d4612029632c5",
        "truth.json": "6c6f6da6ba8a1e3681e386979e8a2d982515874bf1fae3fe33f23d3f761b2189",
    },
    (2000, 7): {
        "borrower_engagement.csv": "1a3390d14df883a3562f16ffd8730bc848ea8d825e0c30be261c9ccbaafefc2e",
        "borrower_information.csv": "3a9e3ac8bd35ff24c6bbbac7ebef5934f1f08748099c400e618ec551c8e3cee5",
        "loan_information.csv": "e729971102b99ae069ab05fd06eb85882d79df1f3128e31a41be1454296de454",
        "market_equity.csv": "3b3fb8a15568f42d0b0a5aa4692b3f5943c9fa8f632f88c0f5738cc2b72f873a",
        "truth.json": "a4a5154e16fe445d8e307b58dacc7a7270093f130eef9beb5463c841eb03c564",
    },
}


@pytest.mark.parametrize(("rows", "seed"), SHA256)
def test_the_bytes_are_the_same_everywhere_and_every_day(tmp_path: Path, rows: int, seed: int):
    generate_files(rows, seed, tmp_path)
    assert {name: hashlib.sha256(data).hexdigest() for name, data in contents(tmp_path).items()} == SHA256[rows, seed]


def test_another_seed_gives_different_people_and_different_defective_rows(tmp_path: Path):
    generate_files(1_000, 1, tmp_path / "a")
    generate_files(1_000, 2, tmp_path / "b")
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert not any(a[name] == b[name] for name in FILES)
    malformed = [{line.split(b",")[0] for line in files["loan_information.csv"].splitlines() if b",cut off" in line}
                 for files in (a, b)]  # fmt: skip
    assert malformed[0] != malformed[1]


def test_the_sample_is_the_output_of_the_generator(tmp_path: Path):
    generate_files(250, 1, tmp_path / "generated", duplicates=8)
    assert contents(tmp_path / "generated") == contents(SAMPLE)
    assert sum(map(len, contents(SAMPLE).values())) < 200_000


@pytest.mark.parametrize("rows", [MINIMUM_ROWS, MINIMUM_ROWS + 1, 250, 99_991, 10_000_000])
def test_the_truth_adds_up(rows: int):
    document = truth(rows, 1)
    counts = document["counts"]
    for source in counts["sources"].values():
        assert source["rows"] == source["accepted"] + sum(source["quarantined"].values())
        assert all(source["quarantined"].values())
        assert all(source["nulled"].values())
    assert counts["unified"] == sum(counts["tiers"].values())
    assert document["audience_rows"] == sum(counts["audience_tiers"].values())
    assert document["audience_rows"] <= counts["eligible"] <= counts["unified"]


def test_the_truth_is_returned_and_written_beside_the_files(tmp_path: Path):
    document = generate_files(MINIMUM_ROWS, 9, tmp_path)
    assert document == json.loads((tmp_path / TRUTH_FILE).read_text())
    assert sorted(contents(tmp_path)) == sorted(FILES)


def test_every_source_has_every_quarantine_reason_that_it_can_have():
    everywhere = {"malformed_row", "missing_key", "duplicate_row", "conflicting_key"}
    sources = truth(MINIMUM_ROWS, 1)["counts"]["sources"]
    assert {name: set(source["quarantined"]) for name, source in sources.items()} == {
        "borrower_information": everywhere,
        "loan_information": everywhere | {"not_a_number", "out_of_range"},
        "market_equity": everywhere | {"not_a_number", "out_of_range", "implausible"},
        "borrower_engagement": everywhere | {"not_a_boolean"},
    }


@pytest.mark.parametrize(("rows", "quarantined_below"), [(250, 0.1), (10_000, 0.01), (10_000_000, 0.01)])
def test_shares_are_within_the_limits_for_publishing_an_audience(rows: int, quarantined_below: float):
    quarantined, matched, audience = shares(rows)
    assert quarantined < quarantined_below
    assert matched > 0.95
    assert 0.05 < audience < 0.6


@pytest.mark.parametrize("rows", [-1, 0, MINIMUM_ROWS - 1, 10**10])
def test_too_few_or_absurdly_many_rows_are_refused_and_nothing_is_written(tmp_path: Path, rows: int):
    with pytest.raises(SettingError, match=f"{rows} rows cannot be generated; ask for at least {MINIMUM_ROWS}"):
        generate_files(rows, 1, tmp_path / "generated")
    assert not (tmp_path / "generated").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "generated").write_text("something else")
    with pytest.raises(SettingError, match="cannot be written to as a folder"):
        generate_files(MINIMUM_ROWS, 1, tmp_path / "generated")


def test_a_folder_in_place_of_a_file_is_refused_and_no_truth_is_left(tmp_path: Path):
    generate_files(MINIMUM_ROWS, 1, tmp_path)
    (tmp_path / "market_equity.csv").unlink()
    (tmp_path / "market_equity.csv").mkdir()
    with pytest.raises(SettingError, match="cannot be written to"):
        generate_files(MINIMUM_ROWS, 1, tmp_path)
    assert not (tmp_path / TRUTH_FILE).exists()


def test_a_quote_in_the_folder_name_is_only_a_quote(tmp_path: Path):
    generate_files(MINIMUM_ROWS, 1, tmp_path / "it's generated")
    assert sorted(contents(tmp_path / "it's generated")) == sorted(FILES)


def test_the_files_have_every_odd_encoding_that_must_lose_nothing(tmp_path: Path):
    generate_files(4_000, 1, tmp_path)
    files = contents(tmp_path)
    assert files["market_equity.csv"].startswith(b"\xef\xbb\xbfmarket_rate_offer,")
    assert files["borrower_engagement.csv"].startswith(b"Borrower_ID, Paperless_Billing ,EMAIL_OPEN_LAST_30D,")
    assert files["borrower_engagement.csv"].count(b"\r\n") == files["borrower_engagement.csv"].count(b"\n")
    assert files["loan_information.csv"].splitlines()[0].endswith(b",servicer")
    borrowers = files["borrower_information.csv"]
    names = ("Zoë", "Núñez", "李", "\nOlsen", "\r\nOlsen", ', Jr."', ' ""Ace"""', ",=1+1,", ",@Ann,", "'); DROP TABLE")
    for odd in (*names, "\u00a0B", "\n\n"):
        assert odd.encode() in borrowers
    assert b"\x1a" not in b"".join(files.values())  # the placeholder of a byte that is not UTF-8
