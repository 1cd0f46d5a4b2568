"""What contacts do, as it is assumed or was measured, play by play."""

from __future__ import annotations

from dataclasses import dataclass

from churnml.campaigns.measured import PRIOR_SD, Measured, read_measured
from churnml.config import ProfitSettings
from churnml.definition import ChurnDefinition


@dataclass(frozen=True, kw_only=True)
class PlayEffects:
    """What plays do: assumed, until a readout has measured it.

    Attributes
    ----------
    assumed : ProfitSettings
        What is assumed.
    measured : Measured or None
        What was measured; None where nothing was.
    """

    assumed: ProfitSettings
    measured: Measured | None = None

    @classmethod
    def of(cls, assumed: ProfitSettings, definition: ChurnDefinition) -> PlayEffects:
        """Read what was measured by a definition of leaving, where the settings name it.

        Raises
        ------
        ConfigError, InputError
            Where the file cannot be read, or was measured by another definition.
        """
        measured = None if assumed.measured is None else read_measured(assumed.measured, definition)
        return cls(assumed=assumed, measured=measured)

    def save_share(self, play: str) -> float:
        """Return the share of the leaving customers whom a play keeps: the measurement weighed with the assumption."""
        return self.belief(play)[0]

    def belief(self, play: str) -> tuple[float, float, bool]:
        """Return this share, its standard deviation, and whether it rests on a measurement."""
        of_play = None if self.measured is None else self.measured.plays.get(play)
        share = None if of_play is None else of_play.save_share
        if share is None and self.measured is not None:
            share = self.measured.save_share
        if share is None:
            return self.assumed.save_share, PRIOR_SD, False
        return *share.beside(self.assumed.save_share), True

    @property
    def taken_anyway_share(self) -> float:
        """Share of the staying customers who take the offer all the same: the upper bound where it was measured."""
        share = None if self.measured is None else self.measured.taken_anyway_share
        return self.assumed.taken_anyway_share if share is None else share.value

    @property
    def stopped(self) -> frozenset[str]:
        """Names of the plays that are known to lose money."""
        return frozenset() if self.measured is None else frozenset(self.measured.stopped)
