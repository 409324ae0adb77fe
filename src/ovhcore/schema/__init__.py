"""The schema of the API: every operation, its arguments, and its answer.

    >>> from ovhcore import schema
    >>> operation = schema.catalogue().operation("GET", "/me/bill/FR54100001")
    >>> print(operation, "->", operation.answer)
    GET /me/bill/{billId} -> billing.Bill
    >>> [str(each) for each in schema.search("zone record dynHost delete")][:1]
    ['DELETE /domain/zone/{zoneName}/dynHost/record/{id}']
    >>> schema.catalogue().suggest("/domain/zones/example.com/records")[0]
    '/domain/zone/{zoneName}/record'

ovhcore ships the catalogue of ``ovh-eu``, reduced to facts; a newer one that was fetched into the user's
cache takes its place. Neither ``import ovhcore`` nor making a client or a call imports this package.
"""

from __future__ import annotations

from .calls import CheckWarning, DeprecatedOperationWarning
from .checking import Finding, check_answer, check_arguments
from .files.documents import load
from .files.store import catalogue, catalogues
from .files.updating import update
from .lookup.catalogue import Catalogue
from .lookup.differing import Difference, differences
from .model import Enumeration, Family, IamAction, Model, Operation, Parameter, Property, Status
from .rules import access_rule_for
from .types import Array, Map, Ref, Scalar, Type

__all__ = [
    "Array",
    "Catalogue",
    "CheckWarning",
    "DeprecatedOperationWarning",
    "Difference",
    "Enumeration",
    "Family",
    "Finding",
    "IamAction",
    "Map",
    "Model",
    "Operation",
    "Parameter",
    "Property",
    "Ref",
    "Scalar",
    "Status",
    "Type",
    "access_rule_for",
    "catalogue",
    "catalogues",
    "check_answer",
    "check_arguments",
    "differences",
    "load",
    "search",
    "update",
]


def search(words: str, limit: int = 20, endpoint: str = "ovh-eu") -> list[Operation]:
    """Return the operations that match words, the likeliest first.

    A word counts most as one of the path's words, less within one of those, least in the description (which only a
    fetched catalogue has), the names of arguments and the type of the answer. Verbs as ``create`` count as methods.

    Args:
        words: the words, in any order, as ``"zone record create"``.
        limit: the largest number of operations to return.
        endpoint: the endpoint of the catalogue; see :func:`~ovhcore.schema.files.store.catalogue`.

    Raises:
        SchemaError: the catalogue is damaged.
    """
    return catalogue(endpoint).search(words, limit)
