"""Effects of contacts, learned from what was drawn by lot, and judged."""
