"""Runs of the program loan-offer-targeting on generated customers, by the command line, in a lake of their own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.sample.offer_customers import generate_offer_customers
from refi_assets.settings import PROJECT_DIR
from tests.offers.independent_reading import Reading, read_program
from tests.support.commands import Answer, refi_here
from tests.support.quick_models import write_quick_policy

PROGRAM_FILE = PROJECT_DIR / "policies" / "offers" / "programs" / "loan_offer_targeting.yaml"
STATES_FILE = PROJECT_DIR / "policies" / "offers" / "states.yaml"
GROUP = "loan_offer_targeting"


@dataclass
class OfferLake:
    """A folder with source files, a lake, a registry with a champion of each model, and a store."""

    folder: Path
    registry_file: Path
    customers: int
    seed: int
    as_of: date
    truth: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.truth = generate_offer_customers(self.customers, self.seed, self.source, as_of=self.as_of)
        (self.folder / "home").mkdir()
        (self.folder / "home" / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
        quick = write_quick_policy(self.folder)
        self.refi("offers", "ingest", "--source", self.source, "--as-of", self.as_of)
        for model in ("loan_approval", "default_risk"):
            arguments = ("--as-of", self.as_of, "--policy", quick, "--promote", "--who", "ana", "--json")
            assert self.refi("model", "train", model, *arguments).json["promoted"] is True

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def registry_uri(self) -> str:
        return f"{SQLITE}{self.registry_file}"

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "DAGSTER_HOME": str(self.folder / "home"),
            "REFI_LAKE_URL": str(self.folder / "lake"),
            "REFI_MLFLOW_URI": self.registry_uri,
            "REFI_STORE_DIR": str(self.folder / "store"),
        }

    def refi(self, *arguments: object) -> Answer:
        """`refi …`, which must succeed."""
        answer = refi_here(*arguments, environment=self._environment, folder=self.folder)
        assert answer.returncode == 0, answer.stderr + answer.stdout
        return answer

    def refused(self, *arguments: object) -> str:
        """The message of a command that fails, in one line."""
        answer = refi_here(*arguments, environment=self._environment, folder=self.folder)
        assert answer.returncode == 1
        return " ".join(answer.stderr.split())

    def run(self, as_of: date, *options: object) -> dict[str, Any]:
        """The object that `refi offers run --json` prints."""
        run: dict[str, Any] = self.refi("offers", "run", "--as-of", as_of, *options, "--json").json
        return run

    def rows(self, sql: str, run_id: str) -> list[dict[str, Any]]:
        """Rows of a query on the relations of a run; numbers that are not whole are text."""
        printed = self.refi("offers", "query", sql, "--run", run_id, "--json").stdout
        return [json.loads(line) for line in printed.splitlines()]

    def export(self, run_id: str) -> tuple[Path, Path]:
        """The exported offers and verdicts of a run."""
        offers, judged = (self.folder / f"{run_id}.{name}.csv" for name in ("offers", "judged"))
        self.refi("offers", "export", "--run", run_id, "--offers", offers, "--judged", judged)
        return offers, judged

    def reading(self, run_id: str, as_of: date, program_file: Path = PROGRAM_FILE) -> Reading:
        """The independent reading of the source files, with the scores of a run."""
        sql = f"SELECT customer_id, approval_likelihood, default_probability FROM {GROUP}.scored"
        scores = {
            row["customer_id"]: (row["approval_likelihood"], row["default_probability"])
            for row in self.rows(sql, run_id)
        }
        return read_program(self.source, program_file, STATES_FILE, as_of, scores)


def write_other_program(
    file: Path, filters: Mapping[str, Any], strategy: Mapping[str, Any], trust_order: int = 1
) -> Path:
    """The shipped program with other parameters of filters and another strategy, and e-mail as its only channel."""
    program = yaml.safe_load(PROGRAM_FILE.read_text("utf-8"))
    program["filterChain"][0]["order"] = trust_order
    for step in program["filterChain"]:
        step.setdefault("parameters", {}).update(filters.get(step["filterId"], {}))
    program["loanOfferStrategy"].update(strategy)
    for channel in program["channels"]:
        channel["enabled"] = channel["type"] == "email"
    file.write_text(yaml.safe_dump(program, sort_keys=False), "utf-8")
    return file
