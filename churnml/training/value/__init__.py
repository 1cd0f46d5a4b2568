"""Value: what customers spend who stay and who leave, learned and judged like everything else."""
