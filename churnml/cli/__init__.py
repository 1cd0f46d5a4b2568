"""The command line: parse, call, print."""

from churnml.cli import (
    campaign_commands,
    config_commands,
    export_commands,
    init_command,
    model_commands,
    monitor_commands,
    shop_commands,
)
from churnml.cli.app import app, main

__all__ = [
    "app",
    "campaign_commands",
    "config_commands",
    "export_commands",
    "init_command",
    "main",
    "model_commands",
    "monitor_commands",
    "shop_commands",
]
