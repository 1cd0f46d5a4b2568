"""Options that several commands share, and what they mean."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnml.days import parse_day
from churnml.errors import InputError
from churnml.words import LANGUAGES

if TYPE_CHECKING:
    from churnml.config import Config

Data = Annotated[str, typer.Argument(metavar="DATA", help="Folder of files, DuckDB file, or an address.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML file with settings.")]
Horizon = Annotated[int | None, typer.Option("--horizon", help="Days without an order that count as leaving.")]
Active = Annotated[int | None, typer.Option("--active", help="Days within which the last order must lie.")]
Lead = Annotated[int | None, typer.Option("--lead", help="Days between the snapshot and the horizon.")]
Every = Annotated[int | None, typer.Option("--every", help="Days between training snapshots.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of everything random.")]
Snapshot = Annotated[str | None, typer.Option("--snapshot", help="The day that is taken for now (YYYY-MM-DD).")]
ModelAddress = Annotated[str | None, typer.Option("--model", help="Folder or MLflow address; default: the champion.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Language = Annotated[str | None, typer.Option("--lang", help=f"Language of the lists: {', '.join(LANGUAGES)}.")]
Capacity = Annotated[int | None, typer.Option("--capacity", help="Length of the work list.")]
Budget = Annotated[float | None, typer.Option("--budget", help="Money for contacts and offers.")]
RankBy = Annotated[
    str | None,
    typer.Option("--rank-by", help="What decides: value_at_risk, expected_profit, churn_probability or uplift."),
]
OrderBy = Annotated[
    str | None, typer.Option("--order-by", help="Order of the work list: rank, or urgency (contact by).")
]
Previous = Annotated[
    str | None, typer.Option("--previous", help="Folder of an earlier list, to say what changed; default: --out.")
]
Pseudonymize = Annotated[
    Path | None,
    typer.Option("--pseudonymize", metavar="DIR", help="Replace customer ids; key and mapping are kept in DIR."),
]
Secrets = Annotated[
    Path | None,
    typer.Option("--secrets", metavar="DIR", help="Folder that says who stands behind the pseudonyms of the lists."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace a list of the same day that was contacted already by another one.")
]
Wait = Annotated[
    float, typer.Option("--wait", min=0, help="Seconds to wait for another run that holds --out; 0 ends with code 5.")
]
Keep = Annotated[int | None, typer.Option("--keep", min=1, help="Days whose lists --out keeps (reporting.keep).")]
InSample = Annotated[bool, typer.Option("--in-sample", help="Allow a day that the model has seen.")]


def file_here(out: str) -> Path:
    """Return the path of a file of settings, which --config reads from this machine alone.

    Raises
    ------
    InputError
        Where it is an address of an object store.
    """
    from churnml.data.engines.addresses import without_password
    from churnml.data.engines.object_store import is_stored

    if is_stored(out):
        raise InputError(
            f"--out: {without_password(out)} is an address, but settings are a file on this machine, where --config "
            "reads them. Name a file, and copy it."
        )
    return Path(out)


def config_of(
    path: Path | None,
    horizon: int | None = None,
    active: int | None = None,
    lead: int | None = None,
    every: int | None = None,
    seed: int | None = None,
    keep: int | None = None,
    **scoring: str | float | None,
) -> Config:
    """Read the configuration file and lay the options over it; further ones are settings of scoring."""
    from churnml.config import load_config

    return load_config(
        path,
        definition={"horizon_days": horizon, "active_days": active, "lead_days": lead},
        snapshots={"every_days": every},
        scoring=dict(scoring),
        reporting={"keep": keep},
        seed=seed,
    )


def day_of(option: str, text: str | None) -> date | None:
    """Read a day; None stays None."""
    return None if text is None else parse_day(text, option)


def real_ids_of(secrets: Path | None) -> dict[str, str] | None:
    """Read which customers stand behind the pseudonyms of the lists; None where there are none."""
    if secrets is None:
        return None
    from churnml.reporting.pseudonyms import read_mapping

    return {str(name): str(real) for name, real in read_mapping(secrets).items()}
