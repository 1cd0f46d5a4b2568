"""From a recipe to a verdict: the gate, the level, the figures."""
