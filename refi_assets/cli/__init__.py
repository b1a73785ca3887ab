"""The command line, `refi`."""

from refi_assets.cli.commands import main

__all__ = ["main"]
