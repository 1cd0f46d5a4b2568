"""Predicts which customers of an online shop are about to leave."""
