"""A GRU on each customer's orders before the day (the last 40): days since the one before, days ago, and amount.

Runs in an environment with jax, optax, pandas and pyarrow: python gru.py TRAIN TEST OUT (Parquet files). The columns
``days_ago`` and ``amounts`` are lists, oldest order first; levels of snapshots are the offset.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd

STEPS, HIDDEN, BATCH, EPOCHS = 40, 32, 512, 12

train, test = (pd.read_parquet(path) for path in sys.argv[1:3])


def padded(rows):
    """Give events as an array of rows, steps and channels, and which of the steps are events."""
    events, there = np.zeros((len(rows), STEPS, 3), dtype=np.float32), np.zeros((len(rows), STEPS), dtype=np.float32)
    for at, (days, amounts) in enumerate(zip(rows["days_ago"], rows["amounts"], strict=True)):
        gaps = np.r_[0.0, -np.diff(days)] if len(days) else np.zeros(0)
        kept = np.column_stack([np.log1p(gaps), np.log1p(days), np.log1p(np.clip(amounts, 0, None))])[-STEPS:]
        events[at, STEPS - len(kept) :] = kept
        there[at, STEPS - len(kept) :] = 1.0
    return events, there


def scores(weights, events, there):
    """Run the GRU over the steps and give the log-odds of leaving."""

    def step(hidden, inputs):
        event, is_there = inputs
        both = event @ weights["in"] + weights["bias"]
        of_hidden = hidden @ weights["hidden"]
        update = jax.nn.sigmoid(both[:, :HIDDEN] + of_hidden[:, :HIDDEN])
        reset = jax.nn.sigmoid(both[:, HIDDEN : 2 * HIDDEN] + of_hidden[:, HIDDEN : 2 * HIDDEN])
        proposed = jnp.tanh(both[:, 2 * HIDDEN :] + reset * of_hidden[:, 2 * HIDDEN :])
        moved = (1 - update) * hidden + update * proposed
        return jnp.where(is_there[:, None] > 0, moved, hidden), None

    begin = jnp.zeros((len(events), HIDDEN))
    last, _ = jax.lax.scan(step, begin, (events.swapaxes(0, 1), there.swapaxes(0, 1)))
    return last @ weights["out"] + weights["level"]


def loss(weights, events, there, offset, churned):
    """Give the mean log loss."""
    return optax.sigmoid_binary_cross_entropy(scores(weights, events, there) + offset, churned).mean()


events, there = padded(train)
spread = events[there > 0].std(axis=0)
centre = events[there > 0].mean(axis=0)
events = (events - centre) / spread
offset, churned = train["offset"].to_numpy(np.float32), train["churned"].to_numpy(np.float32)
keys = jax.random.split(jax.random.PRNGKey(7), 3)
weights = {
    "in": jax.random.normal(keys[0], (3, 3 * HIDDEN)) * 0.3,
    "hidden": jax.random.normal(keys[1], (HIDDEN, 3 * HIDDEN)) * HIDDEN**-0.5,
    "bias": jnp.zeros(3 * HIDDEN),
    "out": jax.random.normal(keys[2], (HIDDEN,)) * 0.1,
    "level": jnp.zeros(()),
}
rounds = max(1, len(train) // BATCH) * EPOCHS
optimiser = optax.adamw(optax.cosine_decay_schedule(3e-3, rounds), weight_decay=1e-3)
state = optimiser.init(weights)


@jax.jit
def learn(weights, state, batch):
    """Take one step."""
    slopes = jax.grad(loss)(weights, *batch)
    updates, state = optimiser.update(slopes, state, weights)
    return optax.apply_updates(weights, updates), state


rng = np.random.default_rng(7)
for _ in range(rounds):
    rows = rng.integers(0, len(train), min(BATCH, len(train)))
    weights, state = learn(weights, state, (events[rows], there[rows], offset[rows], churned[rows]))
tested, there = padded(test)
tested = (tested - centre) / spread
found = np.concatenate(
    [np.asarray(scores(weights, tested[at : at + 4096], there[at : at + 4096])) for at in range(0, len(test), 4096)]
)
pd.DataFrame({"logodds": found.astype(float)}).to_parquet(sys.argv[3])
