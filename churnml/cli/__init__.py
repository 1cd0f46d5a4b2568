"""The command line: parse, call, print."""

from churnml.cli import config_commands, model_commands, shop_commands
from churnml.cli.app import app, main

__all__ = ["app", "config_commands", "main", "model_commands", "shop_commands"]
