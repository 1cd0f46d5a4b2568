"""Training: frames, folds, candidates, choice, calibration, gate, artefact and tracking."""
