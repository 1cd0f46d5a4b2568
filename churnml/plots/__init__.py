"""Draw tables that were computed elsewhere: a table goes in, matplotlib axes come out, nothing is worked out here.

Every function draws on the axes given, or on a figure of its own that pyplot does not know (nothing stays open). In a
notebook, say ``%matplotlib inline`` once and end the cell with ``.figure`` to see it; in a script, call
``ax.figure.savefig(path)``.
"""

from churnml.plots.axes import LEAVING_COLOUR, STAYING_COLOUR, Drawn, new_axes, save_picture
from churnml.plots.cohorts import plot_concentration, plot_retention_cohorts, plot_revenue_cohorts
from churnml.plots.experience import plot_experience, plot_first_experience, plot_ratings
from churnml.plots.health import plot_decay, plot_drift, plot_matured
from churnml.plots.horizon import plot_horizon
from churnml.plots.leaving import plot_groups, plot_reasons_of_leaving
from churnml.plots.model import (
    plot_base_rates,
    plot_gains,
    plot_learning_curve,
    plot_lift_over_time,
    plot_reasons,
    plot_reliability,
)
from churnml.plots.readout import plot_effects, plot_sequence
from churnml.plots.shop import plot_kpi, plot_kpis, plot_moves, plot_segments, plot_standings

__all__ = [
    "LEAVING_COLOUR",
    "STAYING_COLOUR",
    "Drawn",
    "new_axes",
    "plot_base_rates",
    "plot_concentration",
    "plot_decay",
    "plot_drift",
    "plot_effects",
    "plot_experience",
    "plot_first_experience",
    "plot_gains",
    "plot_groups",
    "plot_horizon",
    "plot_kpi",
    "plot_kpis",
    "plot_learning_curve",
    "plot_lift_over_time",
    "plot_matured",
    "plot_moves",
    "plot_ratings",
    "plot_reasons",
    "plot_reasons_of_leaving",
    "plot_reliability",
    "plot_retention_cohorts",
    "plot_revenue_cohorts",
    "plot_segments",
    "plot_sequence",
    "plot_standings",
    "save_picture",
]
