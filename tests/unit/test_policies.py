"""The policy: the lender's numbers as they are written, and which numbers are refused."""

from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from pathlib import Path

import pytest

from refi_assets.errors import SettingError
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.policies import RefiPolicy, load_refi_policy

SHIPPED = {
    "eligibility.max_ltv_pct": "80",
    "eligibility.min_rate_spread": "1.0",
    "tiers.immediate_action_above": "1.25",
    "tiers.hot_lead_above": "0.75",
    "tiers.watchlist_above": "0.50",
    "checks.quarantine_ratio_pct.warn_above": "1",
    "checks.quarantine_ratio_pct.block_above": "10",
    "checks.match_ratio_pct.warn_below": "95",
    "checks.match_ratio_pct.block_below": "50",
    "checks.audience_share_pct.warn_above": "60",
    "checks.audience_share_pct.block_above": "95",
    "checks.source_rows_change_pct.block_below": "-30",
}


def policy_text(changes: Mapping[str, str | None]) -> str:
    """The shipped numbers with some changed or (None) left out, as YAML: dots become indentation."""
    lines: list[str] = []
    above: list[str] = []
    for path, value in sorted({**SHIPPED, **changes}.items()):
        if value is None:
            continue
        *sections, name = path.split(".")
        lines += ["  " * i + f"{name}:" for i, name in enumerate(sections) if sections[: i + 1] != above[: i + 1]]
        lines.append("  " * len(sections) + f"{name}: {value}")
        above = sections
    return "\n".join(lines)


def load(folder: Path, text: str | bytes) -> RefiPolicy:
    path = folder / "lender.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_refi_policy(path)


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(SettingError) as refused:
        load(folder, text)
    return str(refused.value)


@pytest.mark.parametrize("field", SHIPPED)
def test_the_shipped_policy_says(field: str) -> None:
    assert attrgetter(field)(load_refi_policy(PROJECT_DIR / "policies" / "refi" / "refi.yaml")) == Decimal(SHIPPED[field])


def test_sql_binds_seven_numbers(tmp_path: Path) -> None:
    assert load(tmp_path, policy_text({})).parameters == {
        "max_ltv_pct": Decimal(80),
        "min_rate_spread": Decimal(1),
        "immediate_action_above": Decimal("1.25"),
        "hot_lead_above": Decimal("0.75"),
        "watchlist_above": Decimal("0.5"),
        "match_probability": Decimal("0.99"),
        "review_probability": Decimal("0.5"),
    }


@pytest.mark.parametrize(("written", "read"), [("1.10", "1.10"), ("1.100001", "1.100001"), ("29.3", "29.3")])
def test_a_number_stays_as_it_is_written(tmp_path: Path, written: str, read: str) -> None:
    policy = load(tmp_path, policy_text({"eligibility.min_rate_spread": written}))
    assert str(policy.eligibility.min_rate_spread) == read


def test_a_number_with_a_leading_zero_is_not_octal(tmp_path: Path) -> None:
    """YAML 1.1 reads 075 as 61: a limit that nobody wrote."""
    assert load(tmp_path, policy_text({"eligibility.max_ltv_pct": "075"})).eligibility.max_ltv_pct == 75


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eligibility.max_ltv_pct", "200"),
        ("eligibility.max_ltv_pct", "0.000001"),
        ("eligibility.min_rate_spread", "30"),
        ("eligibility.min_rate_spread", "0.500001"),
        ("tiers.watchlist_above", "0.000001"),
        ("checks.quarantine_ratio_pct.warn_above", "10"),
        ("checks.quarantine_ratio_pct.warn_above", "0"),
        ("checks.quarantine_ratio_pct.block_above", "100"),
        ("checks.match_ratio_pct.warn_below", "50"),
        ("checks.source_rows_change_pct.block_below", "-100"),
        ("checks.source_rows_change_pct.block_below", "-0.000001"),
    ],
)
def test_a_number_on_its_bound_is_allowed(tmp_path: Path, field: str, value: str) -> None:
    assert attrgetter(field)(load(tmp_path, policy_text({field: value}))) == Decimal(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("eligibility.max_ltv_pct", value) for value in ("-5", "0", "200.000001", "800", "80.0000001", "1e400")),
        *(("eligibility.min_rate_spread", value) for value in ("-1", "0", "30.000001")),
        *(("tiers.watchlist_above", value) for value in ("-0.5", "0")),
        *(("checks.audience_share_pct.warn_above", value) for value in ("-1", "100.000001")),
        *(("checks.audience_share_pct.block_above", value) for value in ("100.000001", "101")),
        *(("checks.match_ratio_pct.warn_below", value) for value in ("-1", "101")),
        *(("checks.source_rows_change_pct.block_below", value) for value in ("0", "30", "-100.000001")),
        *(("eligibility.max_ltv_pct", value) for value in ("NaN", ".nan", "Infinity", "'Infinity'", ".inf", "-.inf")),
        *(("eligibility.max_ltv_pct", value) for value in ("eighty", "80%", "'80 '' OR 1=1'", "", "null", "true")),
        *(("eligibility.max_ltv_pct", value) for value in ("[80]", "{a: 80}", "2026-02-20", "1:20")),
    ],
)
def test_an_absurd_value_is_refused_with_file_and_field(tmp_path: Path, field: str, value: str) -> None:
    said = refusal(tmp_path, policy_text({field: value}))
    assert said.startswith(f"lender.yaml: {field}: ")
    assert said.count(": ") == 2, f"one problem, one message: {said}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tiers.hot_lead_above": "1.25"}, "tiers: tiers must fall: .* 1.25, 1.25, 0.50"),
        ({"tiers.hot_lead_above": "2"}, "tiers: tiers must fall: .* 1.25, 2, 0.50"),
        ({"tiers.watchlist_above": "0.75"}, "tiers: tiers must fall: .* 1.25, 0.75, 0.75"),
        (
            {"checks.quarantine_ratio_pct.warn_above": "10.000001"},
            "checks.quarantine_ratio_pct: warn_above 10.000001 must not exceed block_above 10",
        ),
        (
            {"checks.audience_share_pct.block_above": "59.999999"},
            "checks.audience_share_pct: warn_above 60 must not exceed block_above 59.999999",
        ),
        (
            {"checks.match_ratio_pct.warn_below": "49.999999"},
            "checks.match_ratio_pct: warn_below 49.999999 must not be under block_below 50",
        ),
        ({"eligibility.min_rate_spread": "0.50"}, "min_rate_spread 0.50 is not above watchlist_above 0.50"),
        ({"eligibility.max_ltv_pct": "80\n  max_ltv_pct: 95"}, "max_ltv_pct"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError, match=rf"lender\.yaml.*{said}"):
        load(tmp_path, policy_text(changes))


@pytest.mark.parametrize(
    "field", ["extra", "eligibility.extra", "tiers.extra", "checks.extra", "checks.match_ratio_pct.x"]
)
def test_an_unknown_key_is_refused_at_every_level(tmp_path: Path, field: str) -> None:
    assert refusal(tmp_path, policy_text({field: "1"})) == f"lender.yaml: {field}: Extra inputs are not permitted."


@pytest.mark.parametrize(
    "gone", [*list(SHIPPED)[:-1], "checks.source_rows_change_pct", "eligibility", "tiers", "checks"]
)
def test_what_is_missing_is_named(tmp_path: Path, gone: str) -> None:
    text = policy_text({path: None for path in SHIPPED if path.startswith(gone)})
    assert refusal(tmp_path, text) == f"lender.yaml: {gone}: Field required."


@pytest.mark.parametrize("text", ["", "80", "[80]"])
def test_a_file_that_holds_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text).startswith("lender.yaml: ")


@pytest.mark.parametrize("text", [b"tiers: [1", b"\xff\xfe", b"a: \x00", b"a: !!python/object/apply:os.getcwd []"])
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, text: bytes) -> None:
    assert refusal(tmp_path, text).startswith(f"{tmp_path / 'lender.yaml'} cannot be read as YAML: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"nowhere\.yaml: there is no such policy file"):
        load_refi_policy(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_policy_file(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        load_refi_policy(tmp_path)


def test_the_hash_follows_the_numbers_and_not_the_layout(tmp_path: Path) -> None:
    shipped = load(tmp_path, policy_text({})).sha256
    assert load(tmp_path, "# A comment.\n" + policy_text({}).replace("80", " 80  # of the value")).sha256 == shipped
    assert load(tmp_path, policy_text({"checks.match_ratio_pct.warn_below": "94"})).sha256 != shipped
