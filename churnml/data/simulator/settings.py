"""The settings of a simulation, kept beside the truth of its shop so that it can be continued."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from churnml.data.simulator.changes import Change
from churnml.data.simulator.effects import Effects
from churnml.data.simulator.fault import Fault
from churnml.data.simulator.kinds import Kind
from churnml.data.simulator.season import DAY, YEAR_DAYS, Season
from churnml.data.simulator.treatment import Treatment
from churnml.errors import InputError

FILE = "simulation.json"

_FEWEST_DIGITS = 7
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The arguments of `simulate` that decide what a shop is; ``until`` is the day on which its data end."""

    customers: int
    seed: int
    effects: Effects
    end: dt.date
    years: float
    kind: Kind
    chunk_customers: int
    until: dt.date
    treatment: Treatment | None
    changes: tuple[Change, ...] = ()
    fault: Fault | None = None

    @property
    def end_at(self) -> int:
        """The second since 1970 up to which lives are drawn."""
        return (self.end - _EPOCH).days * DAY

    @property
    def start_at(self) -> int:
        """The second since 1970 at which the data begin."""
        return self.end_at - round(self.years * YEAR_DAYS * DAY)

    @property
    def until_at(self) -> int:
        """The second since 1970 at which the data end."""
        return (self.until - _EPOCH).days * DAY

    @property
    def width(self) -> int:
        """The digits of a customer id."""
        return max(_FEWEST_DIGITS, len(str(self.most)))

    @property
    def most(self) -> int:
        """The largest number that a customer may have; those of a new segment come after all others."""
        return self.customers * (2 if any(change.what == "segment" for change in self.changes) else 1)

    def check_changes(self) -> None:
        """Refuse changes that cannot be made.

        Raises
        ------
        InputError
            Where a change is there twice, or lies outside of the drawn lives.
        """
        names = [change.what for change in self.changes]
        failures = [
            f"simulate.changes: {name} is there twice. Keep one." for name in set(names) if names.count(name) > 1
        ]
        failures += [
            f"simulate.changes: {change.what} is on {change.day}, but lives are drawn for {self.years:g} years up to "
            f"{self.end}. Give a day within."
            for change in self.changes
            if not self.start_at < change.at < self.end_at
        ]
        if failures:
            raise InputError(failures)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `simulate` that give this shop."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def write(self, folder: Path) -> None:
        """Write them to the folder of the truth."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True, default=str)
        (folder / FILE).write_text(f"{text}\n", encoding="utf-8")

    def refuse_others(self, **named: object) -> None:
        """Refuse arguments that are not those of the shop.

        Parameters
        ----------
        **named : object
            Arguments of `simulate`, or of its treatment; a kind by its name. None stands for one that is not named.

        Raises
        ------
        InputError
            Where arguments differ, all at once.
        """
        kept = self.arguments | {"kind": self.kind.name, "season": self.kind.season.amplitude}
        kept |= {} if self.treatment is None else asdict(self.treatment)
        failures = [
            f"simulate.{name}: is {value}, but the shop was simulated with {kept[name]}. Leave it out, or simulate "
            "another shop."
            for name, value in named.items()
            if value is not None and name in kept and value != kept[name]
        ]
        if failures:
            raise InputError(failures)


def read_settings(shop: str | Path) -> Settings:
    """Read the settings of a simulated shop.

    Parameters
    ----------
    shop : str or Path
        Folder of the shop.

    Returns
    -------
    Settings
        Arguments that its last simulation was given.

    Raises
    ------
    InputError
        Where the folder keeps none.
    """
    path = Path(shop) / "truth" / FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        kind: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in kept["kind"].items()
        }
        return Settings(
            **kept
            | {
                "effects": Effects(**kept["effects"]),
                "kind": Kind(**kind | {"season": Season(**kind["season"])}),
                "treatment": None if kept["treatment"] is None else Treatment(**kept["treatment"]),
                "fault": _fault(kept.get("fault")),
            }
            | {
                "changes": tuple(
                    Change(what=one["what"], day=dt.date.fromisoformat(one["day"]), share=one.get("share"))
                    for one in kept.get("changes", ())
                )
            }
            | {name: dt.date.fromisoformat(kept[name]) for name in ("end", "until")}
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Simulate the shop anew.") from error


def _fault(kept: dict[str, Any] | None) -> Fault | None:
    return None if kept is None else Fault(product=kept["product"], day=dt.date.fromisoformat(kept["day"]))
