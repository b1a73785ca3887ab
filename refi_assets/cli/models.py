"""The registry's answers, printed as text or as JSON: refi model list, promote, rollback, card."""

import json
from math import isfinite
from pathlib import Path
from zoneinfo import ZoneInfo

from refi_assets.cli.login import login_name
from refi_assets.cli.terminal import Terminal, say
from refi_assets.errors import writing
from refi_assets.ml.promotions import Promotion, promote_version, promotions_of, roll_back, verdict_of
from refi_assets.ml.registry import CHAMPION, VersionInfo, open_registry
from refi_assets.settings import PlatformSettings, settings_of

# The figures of the table, and their heads; --json has all.
SHOWN_FIGURES = {"roc_auc": "ROC-AUC", "ks": "KS", "brier": "Brier", "calibration_slope": "slope"}


def show_versions(name: str | None, *, as_json: bool) -> None:
    """Print the versions of a model, or of all. Raises ModelError."""
    registry = open_registry()
    versions = [info for each in ([name] if name else registry.names()) for info in registry.versions(each)]
    if as_json:
        for info in versions:
            print(json.dumps(_as_json(info)))
        return
    console = Terminal()
    if not versions:
        console.say("No model is registered. To train one: refi model train NAME")
        return
    heads = ("model", "version", "alias", "kind", *SHOWN_FIGURES.values(), "registered", "gate")
    console.table(heads, [_row(info) for info in versions])
    for promotion in promotions_of(registry, name) if name else ():
        console.say(f"{_day(promotion)} {_sentence(name or '', promotion)}")


def promote_and_print(name: str, version: int, *, forced_because: str | None, who: str | None, as_json: bool) -> None:
    """Make a version the champion and print it. Raises ModelError with the gate's reasons if it refuses."""
    who = who or login_name("refi model promote")
    _print(name, promote_version(open_registry(), name, version, who=who, forced_because=forced_because), as_json)


def roll_back_and_print(name: str, *, reason: str | None, who: str | None, as_json: bool) -> None:
    """Make the champion before this one the champion again and print it. Raises ModelError if there was none."""
    who = who or login_name("refi model rollback")
    _print(name, roll_back(open_registry(), name, who=who, reason=reason), as_json)


def show_card(name: str, version: str | None, out: Path | None, *, as_json: bool) -> None:
    """Print the card of a version, by its number or alias, or write it to a file. Raises RefiError."""
    chosen = int(version) if version and version.isdecimal() else version or CHAMPION
    record = open_registry().record(name, chosen)
    if out is not None:
        with writing(out):
            out.write_text(record.card_html, encoding="utf-8")
    if as_json:
        print(json.dumps({"name": name, "version": chosen, "card": record.card_md, "file": out and str(out)}))
    elif out is None:
        say(record.card_md.rstrip("\n"))
    else:
        say(f"{out} has the card.")


def _row(info: VersionInfo) -> list[str | int | None]:
    figures = [f"{info.figures[name]:.3f}" if name in info.figures else None for name in SHOWN_FIGURES]
    verdict = verdict_of(info)
    gate = "not judged" if verdict is None else "passed" if verdict.passed else "failed"
    day = info.registered_at.astimezone(_zone()).date().isoformat()
    return [info.name, info.version, ", ".join(info.aliases), info.kind, *figures, day, gate]


def _as_json(info: VersionInfo) -> dict[str, object]:
    verdict = verdict_of(info)
    return {
        "name": info.name,
        "version": info.version,
        "aliases": list(info.aliases),
        "kind": info.kind,
        "figures": {name: value if isfinite(value) else None for name, value in info.figures.items()},
        "trained_on": info.trained_on,
        "registered_at": info.registered_at.isoformat(),
        "verdict": None if verdict is None else verdict.model_dump(mode="json"),
    }


def _print(name: str, promotion: Promotion, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"name": name, **promotion.model_dump(mode="json")}))
        return
    say(_sentence(name, promotion))
    if promotion.before is not None and promotion.kind != "rolled back":
        say(f"The way back: refi model rollback {name}")


def _sentence(name: str, promotion: Promotion) -> str:
    verb = {"promoted": "promoted", "forced": "promoted against the gate", "rolled back": "brought back"}
    before = "" if promotion.before is None else f" in place of version {promotion.before}"
    reason = f": {promotion.reason}" if promotion.reason else "."
    return f"Version {promotion.version} of {name} was {verb[promotion.kind]}{before} by {promotion.who}{reason}"


def _day(promotion: Promotion) -> str:
    return promotion.at.astimezone(_zone()).strftime("%Y-%m-%d %H:%M")


def _zone() -> ZoneInfo:
    return ZoneInfo(settings_of(PlatformSettings).time_zone)
