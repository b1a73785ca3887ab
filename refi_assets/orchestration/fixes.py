"""Advice on failed checks: likely causes, a fix for each, and the command that shows the rows.

The texts are in fixes.yaml and in defs/<domain>/fixes.yaml.
"""

import re
import shlex
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from refi_assets.lake import ObjectStore, RunFolder
from refi_assets.lake.settings import LakeSettings, is_s3
from refi_assets.orchestration.domain import Domain
from refi_assets.publishing.publication import Publication
from refi_assets.settings import settings_of
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.groups import domain_of_group
from refi_assets.specs.outcomes import Cause, Outcome
from refi_assets.specs.sql_models import load_sql_models
from refi_assets.specs.yaml_loader import load_yaml

SHOWN_CAUSES = 5
_PACKAGE = Path(__file__).parent.parent


class CauseFix(BaseModel):
    """A fix and the causes that it is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fix: str
    source: str | None = None
    reason: str | None = None
    problem: str | None = None  # these two are regular expressions
    shape: str | None = None

    def fits(self, source: str, cause: Cause) -> bool:
        """Whether it is a fix for this cause in a source."""
        return (
            self.source in (None, source)
            and self.reason in (None, cause.reason)
            and (self.problem is None or re.search(self.problem, cause.problem or "") is not None)
            and (self.shape is None or re.search(self.shape, cause.shape or "") is not None)
        )


class CheckFix(BaseModel):
    """A fix for a check, whatever the cause, and the command that shows the rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fix: str | None = None
    command: str | None = None


class Fixes(BaseModel):
    """One file of fixes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    causes: tuple[CauseFix, ...] = ()
    checks: dict[str, CheckFix] = {}


@cache
def fixes_of(domain: str) -> Fixes:
    """The fixes of a domain, followed by the shared ones."""
    own, shared = (
        _read_fixes(_PACKAGE / "defs" / domain / "fixes.yaml"),
        _read_fixes(Path(__file__).with_suffix(".yaml")),
    )
    return Fixes(causes=own.causes + shared.causes, checks=shared.checks | own.checks)


def check_fix_of(fixes: Fixes, asset: str, check: str) -> CheckFix:
    """The fix of a check; a SQL file's check without one of its own has that of `sql_check`."""
    group, name = asset.split("/")
    is_sql = f"{group}/checks/{name}/{check}" in load_sql_models()
    return fixes.checks.get(check) or (fixes.checks["sql_check"] if is_sql else CheckFix())


def advice(domain: Domain, asset: str, check: str, outcome: Outcome, folder: RunFolder) -> list[str]:
    """Lines that follow the number and the limit of a failed check; empty if there is no advice."""
    source = asset.rsplit("/", maxsplit=1)[-1]
    fixes = fixes_of(domain.name)
    shown = outcome.causes[:SHOWN_CAUSES]
    lines = [_cause_line(fixes, source, cause) for cause in shown]
    if len(outcome.causes) > len(shown):
        lines.append("- and others")
    check_fix = check_fix_of(fixes, asset, check)
    if check_fix.fix:
        lines.append(f"Likely fix: {check_fix.fix}")
    if check_fix.command:
        reasons = {cause.reason for cause in outcome.causes}
        only_reason = f" --reason {reasons.pop()}" if len(reasons) == 1 else ""
        command = f"{Publication(domain.policy).command} {check_fix.command}"
        shown_by = command.format(run=folder.run_id, source=source, only_reason=only_reason)
        lines.append(f"See the rows: {shown_by}{_program_option(domain)}{_lake_option(folder.lake)}")
    return lines


def _program_option(domain: Domain) -> str:
    """The option that names a program; empty for any other domain."""
    return "" if domain_of_group(domain.name) == domain.name else f" --program {domain.name.replace('_', '-')}"


def _lake_option(lake: ObjectStore) -> str:
    """The option that a command needs to read this lake; empty for the deployment's lake."""
    deployed = settings_of(LakeSettings).lake_url
    name = deployed if is_s3(deployed) else str(Path(deployed).expanduser().resolve())
    return "" if name == lake.name else f" --lake {shlex.quote(lake.name)}"


def _cause_line(fixes: Fixes, source: str, cause: Cause) -> str:
    column = f" in column {cause.column}" if cause.column else ""
    shape = f", such as {cause.shape}" if cause.shape else ""
    problem = f" ({cause.problem})" if cause.problem else ""
    fix = _fix_of_date(source, cause)
    fix = fix or next((entry.fix for entry in fixes.causes if entry.fits(source, cause)), None)
    return f"- {cause.reason}{column}: {cause.rows:,}{shape}{problem}." + (f" Likely fix: {fix}" if fix else "")


def _fix_of_date(source: str, cause: Cause) -> str | None:
    """The fix of an invalid date in a column whose contract declares a format."""
    contract = load_contracts().get(source)
    columns = {column.name: column for column in contract.columns} if contract else {}
    column = columns.get(cause.column or "")
    if cause.reason != "not_a_date" or column is None or column.date_format is None:
        return None
    return f"Write days as the contract declares, {column.date_example} for 2026-02-20."


def _read_fixes(path: Path) -> Fixes:
    return Fixes.model_validate(load_yaml(path.read_text("utf-8"))) if path.is_file() else Fixes()
