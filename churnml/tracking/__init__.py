"""Tracking: the only room with MLflow. Runs, registered models, and the trainer that keeps what it finds."""
