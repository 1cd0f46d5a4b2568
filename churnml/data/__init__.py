"""The shop's tables: the contract, reading and checking them, and cutting them in time."""
