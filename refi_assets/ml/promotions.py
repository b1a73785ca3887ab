"""Promotions: which version of a model became champion, when, by whom and why, and the way back.

A version is promoted if its stored verdict passes and was given against the champion of now; a forced promotion is
recorded as such. Verdicts are given by the gate and only kept here: a verdict is a tag of its version in the registry,
the promotions are tags of the model.
"""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from refi_assets.errors import ModelError
from refi_assets.ml.registry import CHALLENGER, CHAMPION, Registry, VersionInfo

_VERDICT, _PROMOTION = "verdict", "promotion "


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")


class KeptVerdict(_Kept):
    """A verdict of the gate on a version.

    `against` is the champion that it was compared with, None if there was none. `reasons` are sentences, `numbers` what
    they are based on.
    """

    passed: bool
    against: int | None
    reasons: tuple[str, ...]
    numbers: dict[str, Any]
    judged_at: datetime


class Promotion(_Kept):
    """One change of the champion, from a version (None: there was no champion) to another."""

    kind: Literal["promoted", "forced", "rolled back"]
    version: int
    before: int | None
    who: str
    reason: str | None
    at: datetime


def keep_verdict(registry: Registry, name: str, version: int, verdict: KeptVerdict) -> None:
    """Store the gate's verdict on a version, in place of an earlier one. Raises ModelError."""
    registry.set_version_tag(name, version, _VERDICT, verdict.model_dump_json())


def verdict_of(info: VersionInfo) -> KeptVerdict | None:
    """The verdict on a version, if the gate has given one."""
    text = info.tags.get(_VERDICT)
    try:
        return KeptVerdict.model_validate_json(text) if text else None
    except ValidationError:
        raise ModelError(f"{info.name}, version {info.version}: its verdict cannot be read. Judge it again.") from None


def promotions_of(registry: Registry, name: str) -> list[Promotion]:
    """All changes of a model's champion, the oldest first. Raises ModelError."""
    tags = registry.model_tags(name)
    return [Promotion.model_validate_json(tags[key]) for key in sorted(tags) if key.startswith(_PROMOTION)]


def promote_version(registry: Registry, name: str, version: int, *, who: str, forced_because: str | None) -> Promotion:
    """Make a version the champion. Without a reason to force it, it needs a passing verdict. Raises ModelError."""
    infos = {info.version: info for info in registry.versions(name)}
    if version not in infos:
        raise ModelError(f"Model {name} has no version {version}. Its versions are {', '.join(map(str, infos))}.")
    champion = registry.alias_version(name, CHAMPION)
    if version == champion:
        raise ModelError(f"Version {version} of {name} is the champion already.")
    objection = _objection(infos[version], champion)
    if objection and not forced_because:
        raise ModelError(
            f"Version {version} of {name} was not promoted: {objection} To promote it nevertheless: "
            f"refi model promote {name} {version} --force --reason TEXT"
        )
    promotion = Promotion(
        kind="forced" if objection else "promoted",
        version=version,
        before=champion,
        who=who,
        reason=forced_because,
        at=datetime.now(UTC),
    )
    # The alias first: if this process is killed in between, the way back still leads to the champion before.
    registry.set_alias(name, CHAMPION, version)
    _record(registry, name, promotion)
    if CHALLENGER in infos[version].aliases:
        registry.remove_alias(name, CHALLENGER)
    return promotion


def roll_back(registry: Registry, name: str, *, who: str, reason: str | None) -> Promotion:
    """Make the champion before this one the champion again. Raises ModelError if there was none."""
    champion = registry.alias_version(name, CHAMPION)
    target = _champion_before(promotions_of(registry, name), champion)
    if target is None:
        raise ModelError(f"Model {name} has no earlier champion to go back to. See: refi model list {name}")
    promotion = Promotion(
        kind="rolled back", version=target, before=champion, who=who, reason=reason, at=datetime.now(UTC)
    )
    # The record first: if this process is killed in between, the same command leads to the same version.
    _record(registry, name, promotion)
    registry.set_alias(name, CHAMPION, target)
    return promotion


def _champion_before(promotions: list[Promotion], champion: int | None) -> int | None:
    """The champion before the one of now. A version that was left by going back is not returned to."""
    past: list[int] = []
    for promotion in promotions:
        if promotion.before is not None and past[-1:] != [promotion.before]:  # its alias was set by other means
            past.append(promotion.before)
        if promotion.kind == "rolled back":
            while past and past[-1] != promotion.version:
                past.pop()
        else:
            past.append(promotion.version)
    while past and past[-1] == champion:
        past.pop()
    return past[-1] if past else None


def _objection(info: VersionInfo, champion: int | None) -> str | None:
    """Why a version may not become champion; None if it may."""
    verdict = verdict_of(info)
    if verdict is None:
        return f"the gate has not judged it. To do so: refi model train {info.name}"
    if verdict.against != champion:
        now = "there is no champion" if champion is None else f"the champion is version {champion}"
        against = "no champion" if verdict.against is None else f"version {verdict.against}"
        return f"the gate compared it with {against}, but {now}. Judge it again."
    return None if verdict.passed else f"it did not pass the gate: {' '.join(verdict.reasons)}"


def _record(registry: Registry, name: str, promotion: Promotion) -> None:
    registry.set_model_tag(name, f"{_PROMOTION}{promotion.at:%Y-%m-%d %H:%M:%S.%f}", promotion.model_dump_json())
