"""Mathematics without shops: arrays in, numbers out; no tables are read, no dates are known here."""
