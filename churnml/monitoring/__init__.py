"""A model in service: whether past lists were right, whether the data is whole, what moved, and when to train again."""
