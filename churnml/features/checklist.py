"""A checklist of a shop: what was brought, what each table opens up, and what is missing would add."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from churnml.data.checks import CheckReport
from churnml.data.contract import RECORDED_AT, TABLES
from churnml.features.available import tables_of
from churnml.features.family import Aggregate, Derived
from churnml.features.family_catalogue import OF_THE_DAY, Catalogue

_ORDERS = "orders"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a table opens up.

    Attributes
    ----------
    families : tuple of str
        Names of the families that read the table; those that read none belong to ``orders``.
    features : int
        Number of their features.
    concepts : tuple of str
        Subjects of the reasons that they give, sorted.
    """

    families: tuple[str, ...]
    features: int
    concepts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One table of the contract on the checklist.

    Attributes
    ----------
    table : str
        Name of the table.
    is_there : bool
        Whether the source has the table, even where it cannot be read.
    failed : bool
        Whether the check refuses the table.
    rows : int or None
        Number of rows; None where the table is missing or cannot be read.
    files : mapping of str to int
        Number of rows by file name, where it was read from files.
    columns : sequence of str
        Names of the columns that are read.
    kept : sequence of str
        Names of further columns that are kept as attributes.
    unused : sequence of str
        Names of further columns that are not used.
    adds : mapping of str to int
        Number of features that each missing column would add.
    opened : Opened
        What the table opens up, or would.
    """

    table: str
    is_there: bool
    failed: bool
    rows: int | None
    files: Mapping[str, int]
    columns: Sequence[str]
    kept: Sequence[str]
    unused: Sequence[str]
    adds: Mapping[str, int]
    opened: Opened


def checklist(report: CheckReport, known: Catalogue) -> list[Item]:
    """Compute the checklist of a shop: the tables that are there, then those that are missing.

    Parameters
    ----------
    report : CheckReport
        Report of a check.
    known : Catalogue
        Families of features.
    """
    return sorted((_item(name, report, known) for name in TABLES), key=lambda item: not item.is_there)


def _item(name: str, report: CheckReport, known: Catalogue) -> Item:
    received, contract = report.columns.get(name, ()), TABLES[name]
    declared = {*contract.column, RECORDED_AT.name, "currency"}
    failed = any(failure.startswith((f"{name}:", f"{name}.")) for failure in report.failures)
    missing = name not in report.columns and not report.rows.get(name)
    further = [column for column in received if column not in declared]
    return Item(
        table=name,
        is_there=not missing,
        failed=failed,
        rows=report.rows.get(name),
        files=report.files.get(name, {}),
        columns=[column for column in received if column in declared],
        kept=further if contract.attributes else [],
        unused=[] if contract.attributes else further,
        adds=added_by(name, received, known),
        opened=opened_by(name, known, None if missing else received),
    )


def opened_by(table: str, known: Catalogue, brought: Collection[str] | None = None) -> Opened:
    """Return what a table opens up: with all columns that it could have, or with those that it brought.

    Examples
    --------
    >>> from churnml.features.family_catalogue import catalogue
    >>> opened_by("complaints", catalogue()).families
    ('complaints',)
    >>> opened_by("customers", catalogue(), {"customer_id", "signed_up_at"}).features
    0
    """
    lacks = {} if brought is None else _lacking(table, brought, known)
    families = [family for family in known.families.values() if table in (tables_of(family.features) or {_ORDERS})]
    of_family = {
        family.name: [feature for feature in family.features if not lacks.get(feature.name)] for family in families
    }
    told = {name: features for name, features in of_family.items() if features}
    concepts = {feature.concept for name, features in told.items() if name not in OF_THE_DAY for feature in features}
    features = sum(len(features) for features in told.values())
    return Opened(families=tuple(told), features=features, concepts=tuple(sorted(concepts)))


def added_by(table: str, brought: Collection[str], known: Catalogue) -> dict[str, int]:
    """Count the features that each column would add which a table could bring and did not, derived ones among them.

    Examples
    --------
    >>> from churnml.features.family_catalogue import catalogue
    >>> added_by("rewards", {"customer_id", "changed_at", "points"}, catalogue())
    {'tier': 4}
    """
    lacks = _lacking(table, brought, known)
    return dict(sorted(Counter(column for missing in lacks.values() for column in missing).items()))


def _lacking(table: str, brought: Collection[str], known: Catalogue) -> dict[str, set[str]]:
    """Name the columns that a table did not bring and that each feature needs, itself or by its inputs."""
    lacks: dict[str, set[str]] = {}
    for feature in known:
        if isinstance(feature, Aggregate) and feature.source.table == table:
            lacks[feature.name] = set(feature.needs) - set(brought)
        elif isinstance(feature, Derived):
            lacks[feature.name] = set().union(*(lacks.get(name, set()) for name in feature.inputs))
    return lacks
