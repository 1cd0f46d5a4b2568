"""Text that others wrote, made fit for a terminal, a log and an error message."""

from __future__ import annotations

import re

# Controls (escape sequences and bells among them), separators of lines, marks that turn the direction of text around,
# what is not seen at all, and halves of characters. Joiners stay: Persian and emoji are written with them.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""Return a text on one line, with characters that a reader cannot see written as escapes.

    Parameters
    ----------
    text : str
        Text that may hold values of a shop, a file or a model.

    Returns
    -------
    str
        Text of one line.

    Examples
    --------
    >>> printable("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    >>> printable("Şikâyet 👩‍💻")
    'Şikâyet 👩‍💻'
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
