"""The command line: parse, call, print."""

from churnml.cli import model_commands, shop_commands
from churnml.cli.app import app, main

__all__ = ["app", "main", "model_commands", "shop_commands"]
