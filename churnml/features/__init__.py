"""Features of customers as known on a day: families, their registry and the builder."""
