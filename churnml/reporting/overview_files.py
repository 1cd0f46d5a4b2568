"""The files of an overview: each table as CSV, and the pictures of them."""

from __future__ import annotations

from pathlib import Path

from churnml import plots
from churnml.analytics.kpis import UNITS_OF
from churnml.analytics.overview import Overview
from churnml.data.files import whole_folder
from churnml.reporting.csv_files import write_csv
from churnml.words.value_names import ValueNames


def write_overview(overview: Overview, out: str | Path, names: ValueNames | None = None) -> list[Path]:
    """Write the tables of an overview as CSV and draw them as PNG.

    Parameters
    ----------
    overview : Overview
        Figures of the shop.
    out : str or Path
        Folder to write to; other files in it stay.
    names : ValueNames, optional
        Names of the shop's own values, for the pictures; None draws them as they are.

    Returns
    -------
    list of Path
        The files, all of which are there or none.

    Raises
    ------
    InputError
        Where the folder cannot be written.
    """
    out = Path(out)
    tables = {f"{name}.csv": table for name, table in overview.tables().items()}
    pictures = {f"{name}.png": drawn for name, drawn in _draw(overview.named(names or ValueNames())).items()}
    with whole_folder(out, owned=[*tables, *pictures]) as folder:
        for name, table in tables.items():
            write_csv(table, folder / name, language=None)
        for name, drawn in pictures.items():
            plots.save_picture(drawn, folder / name)
    return [out / name for name in (*tables, *pictures)]


def _draw(overview: Overview) -> dict[str, plots.Drawn]:
    return {
        "kpis": plots.plot_kpis(overview.kpis, UNITS_OF),
        "lifecycle": plots.plot_standings(overview.lifecycle, "stage"),
        "transitions": plots.plot_moves(overview.transitions),
        "segments": plots.plot_segments(overview.segments),
        "migration": plots.plot_moves(overview.migration),
        "retention_cohorts": plots.plot_retention_cohorts(overview.cohorts),
        "revenue_cohorts": plots.plot_revenue_cohorts(overview.cohorts),
        "concentration": plots.plot_concentration(overview.concentration),
        "reasons": plots.plot_reasons_of_leaving(overview.reasons),
        "groups": plots.plot_groups(overview.groups),
        "experience": plots.plot_experience(overview.experience),
        "ratings": plots.plot_ratings(overview.experience),
        "first_experience": plots.plot_first_experience(overview.first_experience),
    }
