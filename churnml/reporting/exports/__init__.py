"""Lists as the import files of tools that send messages, a module for each tool."""

from churnml.reporting.exports.braze import BRAZE
from churnml.reporting.exports.hubspot import HUBSPOT
from churnml.reporting.exports.klaviyo import KLAVIYO
from churnml.reporting.exports.mailchimp import MAILCHIMP
from churnml.reporting.exports.meta import META
from churnml.reporting.exports.tool import Tool

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (KLAVIYO, MAILCHIMP, BRAZE, HUBSPOT, META)}
"""The tools that there are files for, by name."""
