"""From labelled rows to a recipe: candidates, options, calibration."""
