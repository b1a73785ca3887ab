"""Who uses the command line, for decisions that are recorded with a name."""

import getpass

from refi_assets.errors import SettingError


def login_name(command: str) -> str:
    """The login name. Raises SettingError naming the command's option --who if there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # depending on Python's version
        raise SettingError(f"Your login name is unknown. Say who decides: {command} --who NAME") from None
