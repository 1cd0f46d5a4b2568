"""Models: what ships, and what a served model needs; no shop, no MLflow, no picture."""
