"""From a shop to labelled rows, and to the folds on which they are compared."""
