"""The shipped refi policy, and copies of it with other values."""

from pathlib import Path

from refi_assets.settings import PROJECT_DIR

SHIPPED_POLICY = PROJECT_DIR / "policies" / "refi" / "refi.yaml"


def changed_policy(folder: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the shipped policy in a folder, with these (old, new) texts replaced; it has each old text once."""
    text = SHIPPED_POLICY.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "changed_policy.yaml"
    path.write_text(text)
    return path
