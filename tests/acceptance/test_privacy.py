"""Nobody's data is where it should not be: runs of domains on planted persons, who are then looked for everywhere.

The planted names, addresses, numbers and dates occur nowhere else. They must be in the published audience and in the
quarantine, which are for those who write to people and fix files; and in no log, event, record, message or report, and
in nothing that analysts read.
"""

import csv
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import open_lake
from refi_assets.publishing.masked_copies import AnalystRun
from refi_assets.publishing.publication import Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.settings import PROJECT_DIR
from tests.offers.made_customers import BASE_CELLS, OPEN
from tests.support.commands import Answer, refi_here
from tests.support.lender import Rows, lender, write
from tests.support.offer_runs import register_models
from tests.support.running import DAY, ingest, run_job

KEY = "a secret masking key of the tests"
WORDS = r"xanthippe|quillfeather|planted\.example|zyzzyva"
NUMBERS = r"555.?0123.?\d{3}|1931-?04-?\d\d|(?<![\w.-])31[05]4\d\d(?![\w.-])"  # telephones, accounts, days of birth
PLANTED = re.compile(f"{WORDS}|{NUMBERS}".encode(), re.IGNORECASE)


class Lender:
    """A deployment with a lake, an instance of Dagster and a masking key of its own; `printed` has all its output."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake, self.printed = folder, folder / "lake", ""
        self.home = folder / "home"
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
        self.lake.mkdir()
        self.environment = {
            "DAGSTER_HOME": str(self.home),
            "REFI_LAKE_URL": str(self.lake),
            "REFI_STORE_DIR": str(folder / "store"),
            "REFI_LOG_FORMAT": "json",
            "REFI_MASKING_KEY": KEY,
        }

    def refi(self, *arguments: object) -> Answer:
        """Run a command; what it prints must not be about a person."""
        answer = refi_here(*arguments, environment=self.environment, folder=self.folder)
        assert answer.returncode == 0, answer.stderr + answer.stdout
        self.printed += answer.stdout + answer.stderr
        return answer

    def traces(self) -> list[tuple[str, bytes]]:
        """Planted values in output, Dagster's instance, OpenLineage events, manifests, records and analysts' files."""
        folders = (self.home, *(self.lake / name for name in ("openlineage", "memo", "masked", "decisions")))
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        files += self.lake.rglob("*.json")
        texts = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}
        texts |= {"the output": self.printed.encode()}
        assert any(b"ASSET_MATERIALIZATION" in text for text in texts.values()), "the events were written here"
        return [(name, match[0]) for name, text in texts.items() for match in PLANTED.finditer(text)]

    def rows(self, kind: type[PublishedRun], publication: str) -> dict[str, str]:
        """Relation -> all its rows as text, as the pipeline or an analyst reads them."""
        lake = open_lake(str(self.lake))
        run = kind.find(Publication(publication), lake, DuckDBEngine(lake))
        keys = [relation.key for relation in run.relations if relation.columns and relation.kind != "files"]
        rows = {key: run.query(f"SELECT * FROM {key.replace('/', '.')}")[1] for key in keys}
        return {key: json.dumps(values, default=str) for key, values in rows.items()}


@pytest.fixture
def deployment(tmp_path: Path) -> Lender:
    return Lender(tmp_path)


def planted_borrowers() -> Rows:
    """The small lender's borrowers as planted persons: some share a name, and some rows break the contract."""
    rows = lender(borrowers=80)
    for number, row in enumerate(rows["borrower_information"]):
        row |= {
            "first_name": f"Xanthippe{'abcdefghij'[number % 10]}",
            "last_name": f"Quillfeather{'abcdefgh'[number % 8]}",
            "email": f"x{number}@planted.example",
            "phone": f"555-0123-{number:03}",
            "date_of_birth": f"1931-04-{number % 28 + 1:02}",
            "street": f"{number} Zyzzyva Court",
        }
    borrowers = rows["borrower_information"]
    borrowers += [
        borrowers[0] | {"first_name": "Xanthippe in conflict"},
        borrowers[1] | {"borrower_id": ""},
        borrowers[2] | {"borrower_id": "B900", "credit_score": "Quillfeather"},
    ]
    rows["loan_information"][22]["current_interest_rate"] = "Quillfeather"
    rows["borrower_engagement"][23]["sms_opt_in"] = "Quillfeather"
    return rows


@pytest.mark.parametrize("identity", ["off", pytest.param("splink", marks=pytest.mark.long)])
def test_borrowers_are_in_the_audience_and_the_quarantine_and_nowhere_else(
    deployment: Lender, tmp_path: Path, identity: str
) -> None:
    source = write(planted_borrowers(), tmp_path / "source")
    with (source / "borrower_information.csv").open("a", encoding="utf-8") as file:
        file.write('B901,Xanthippe,Quillfeather,one cell too many,"x@planted.example",720,,,,,,,\n')
        file.write('B902,"Xanthippe"broken,Quillfeather,P902\n')
    run = deployment.refi("run", "--source", source, "--as-of", DAY, "--identity", identity, "--json").json
    deployment.refi("log", run["run_id"])
    deployment.refi("diff-policy", PROJECT_DIR / "policies" / "refi" / "refi.yaml")
    refuse_broken_files(deployment, tmp_path)

    assert deployment.traces() == []
    as_analyst = deployment.rows(AnalystRun, "refi")
    assert {"refi/unified_refi_dataset", "refi/refi_audience"} <= as_analyst.keys()
    assert about_persons(as_analyst) == set()
    as_pipeline = deployment.rows(PublishedRun, "refi")
    shown = {key for key, rows in as_pipeline.items() if PLANTED.search(rows.encode())}
    assert {
        "staging/borrower_information",
        "staging/quarantine",
        "refi/unified_refi_dataset",
        "refi/refi_audience",
    } <= shown
    assert PLANTED.search(Path(run["audience"]).read_bytes())
    quarantined = refi_here("quarantine", environment=deployment.environment).stdout
    assert PLANTED.search(quarantined.encode())


def refuse_broken_files(deployment: Lender, tmp_path: Path) -> None:
    """Read files whose errors might quote a person: without a header, with a column twice, in UTF-16, and cut."""
    header = "borrower_id,first_name,last_name,property_id,email"
    person = "B1,Xanthippe,Quillfeather,P1,x@planted.example"
    files = (
        f"{person}\n{person}\n".encode(),
        f"{header},Xanthippe Quillfeather,email\n{person},,\n".encode(),
        f"{header}\n{person}\n".encode("utf-16"),
        f'{header}\nB1,"Xanthippe,Quillfeather\n'.encode(),
    )
    selection = [f"{stage}/borrower_information" for stage in ("raw", "catalog", "staging")]
    for number, data in enumerate(files):
        lake, source = tmp_path / f"lake{number}", tmp_path / f"source{number}"
        source.mkdir()
        (source / "borrower_information.csv").write_bytes(data)
        ingest(lake, source)
        ran = run_job(lake, selection=selection)
        assert not ran.success
        deployment.printed += f"{ran.failure} {ran.checks} {[event.message for event in ran.result.all_events]}"


def test_clients_of_a_bank_are_in_silver_and_nowhere_else(deployment: Lender, tmp_path: Path) -> None:
    source = tmp_path / "bank"
    deployment.refi("banking", "generate", source, "--customers", 100, "--months", 12, "--clean")
    change(source / "client.asc", rb';"\d\d(\d\d)\d\d";', plant_birth)
    with (source / "client.asc").open("ab") as file:
        file.write(b'9001;"310417"\r\n9002;"Quillfeather";1\r\n')
    for name in ("order.asc", "trans.asc"):
        change(source / name, rb'"\d{8}"', lambda _: b'"55501230001"')
    run = deployment.refi("banking", "run", "--source", source, "--json").json
    deployment.refi("log", run["run_id"])

    assert deployment.traces() == []
    as_analyst = deployment.rows(AnalystRun, "banking")
    assert {"silver/client", "silver/transaction", "gold/customer_360"} <= as_analyst.keys()
    assert about_persons(as_analyst) == set()
    as_pipeline = deployment.rows(PublishedRun, "banking")
    assert not [key for key in about_persons(as_pipeline) if key.startswith("gold/")]
    personal = {"silver/client", "silver/order", "silver/transaction", "staging/banking_quarantine"}
    assert personal <= about_persons(as_pipeline)
    assert PLANTED.search(Path(run["file"]).read_bytes()) is None


def change(file: Path, cells: bytes, planted: Callable[[re.Match[bytes]], bytes]) -> None:
    """Replace cells of a file."""
    file.write_bytes(re.sub(cells, planted, file.read_bytes()))


def plant_birth(cell: re.Match[bytes]) -> bytes:
    """A day of birth in April 1931, of the same sex."""
    return b';"315417";' if int(cell[1]) > 50 else b';"310417";'


@pytest.mark.long
def test_customers_of_a_program_are_in_no_offer_and_no_log(deployment: Lender, tmp_path: Path) -> None:
    deployment.environment["REFI_MLFLOW_URI"] = register_models(tmp_path / "registry")
    source = tmp_path / "source"
    source.mkdir()
    person = {
        "first_name": "Xanthippe",
        "last_name": "Quillfeather",
        "email": "x@planted.example",
        "phone": "555-0123-456",
        "transaction_history": "paid by Xanthippe Quillfeather",
    }
    customers = [{"customer_id": f"C{number}", **BASE_CELLS, **person} for number in range(12)]
    customers.append(customers[0] | {"customer_id": "C99", "income": "Quillfeather"})
    write_csv(source / "customer_credit_profiles.csv", customers)
    write_csv(source / "contact_preferences.csv", [{"customer_id": row["customer_id"], **OPEN} for row in customers])
    write_csv(source / "offer_history.csv", [{"customer_id": "C98", "program_id": "x", "offered_on": "2026-02-24"}])
    run = deployment.refi("offers", "run", "--source", source, "--as-of", "2026-03-02", "--json").json
    deployment.refi("log", run["run_id"])

    assert deployment.traces() == []
    as_analyst = deployment.rows(AnalystRun, "loan_offer_targeting")
    assert "loan_offer_targeting/offers" in as_analyst
    assert about_persons(as_analyst) == set()
    store = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert [path.name for path in store if PLANTED.search(path.read_bytes())] == []


def about_persons(relations: dict[str, str]) -> set[str]:
    """The relations that show a planted value."""
    return {key for key, rows in relations.items() if PLANTED.search(rows.encode())}


def write_csv(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
