"""Delta Lake tables: the log says which of the files are rows of today."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from churnml.data.engines.inside import is_inside
from churnml.errors import InputError, MissingExtraError

_LOG = "_delta_log"
# Whether times have a zone, and how the log itself is kept: the files are read as they are.
_HARMLESS = {"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}


def is_delta(folder: Path) -> bool:
    """Tell whether a folder is a Delta Lake table."""
    return (folder / _LOG).is_dir()


def current_files(folder: Path) -> list[Path]:
    """Return the files that hold the rows of the newest version of a table.

    Raises
    ------
    MissingExtraError
        Where the package is not installed.
    InputError
        Where the log cannot be read, or rows are more than what the files hold, such as by deletion vectors.
    """
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ImportError as missing:
        raise MissingExtraError("Reading a Delta Lake table", "delta") from missing
    try:
        table = DeltaTable(folder)
        protocol = table.protocol()
        files = table.file_uris()
    except (DeltaError, OSError, ValueError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{folder.name}: the Delta Lake table cannot be read. {said}. Look at its log.") from error
    features = sorted(set(protocol.reader_features or ()) - _HARMLESS)
    if protocol.min_reader_version == 2:
        features.append("columnMapping")
    if features:
        raise InputError(
            f"{folder.name}: the Delta Lake table uses {', '.join(features)}, which is not read. Export it as Parquet."
        )
    paths = [Path(uri.removeprefix("file://")) for uri in files]
    found = sorted(path if path.exists() else Path(unquote(str(path))) for path in paths)
    outside = next((str(path) for path in found if not is_inside(folder, path)), None)
    if outside is not None:
        raise InputError(
            f"{folder.name}: the Delta Lake table has files outside of its folder ({outside}). Export it as Parquet."
        )
    return found
