"""The errors that churnml raises for its users to read."""

from __future__ import annotations

from collections.abc import Iterable

from churnml.printable import printable


class ChurnmlError(Exception):
    """Something that the user can put right; the message says what, what was received and what to do.

    Values of a shop or a model may stand in it: what a reader cannot see in them is written as an escape.

    Parameters
    ----------
    *lines : str
        Text, one line each.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(map(printable, lines)))


class InputError(ChurnmlError):
    """The shop's tables, or a request about them, cannot be used as they are.

    Parameters
    ----------
    failures : str or iterable of str
        Failures found, one sentence group each. They are all shown at once.
    """

    def __init__(self, failures: str | Iterable[str]) -> None:
        self.failures = [printable(failure) for failure in ([failures] if isinstance(failures, str) else failures)]
        Exception.__init__(self, "\n".join(self.failures))


class CheckError(InputError):
    """The tables were read, and their check failed; the failures may name rows of the shop."""


class ConfigError(InputError):
    """A configuration file or option does not say something that churnml understands."""


class ModelError(ChurnmlError):
    """A model cannot be found, read or used for what was asked of it."""


class NoStoreError(ModelError):
    """No model can be found, since the store that would hold it is not there."""


class NoSkillError(ChurnmlError):
    """No candidate told leaving customers from staying ones better than chance, so none was promoted."""


class NothingToReadError(ChurnmlError):
    """Nobody was held out, or no outcome is known yet, so there is nothing to read out."""


class AlarmError(ChurnmlError):
    """What was looked at must not be used unseen: the list should wait until somebody has looked."""


class LockedError(ChurnmlError):
    """Another run works there; trying again later helps."""


class OutsideError(ChurnmlError):
    """The disk, a database or a store failed; trying again may help."""


class MissingExtraError(ChurnmlError):
    """A feature needs packages that come with an extra which is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra [{extra}], which is not installed. Run: pip install 'churnml[{extra}]'"
        )
