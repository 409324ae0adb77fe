"""Lists that hold values, and no objects that can be read one by one: what calls add to them, take away, replace."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ovhcore.schema import Array, Model, Scalar, Type

from ...routes.calls import SandboxCall, concrete
from ..api_shape import OperationContext, model_of
from ..reading import Reader
from ..running import is_task
from ..values.making import Maker

__all__ = ["change_list"]


def change_list(
    reader: Reader, call: SandboxCall, context: OperationContext, maker: Maker, arguments: dict[str, str]
) -> bool:
    """Change the list at the path of a call by what the call gives; say whether there is such a list.

    A POST adds values, a PUT puts them in the place of those there are, a DELETE takes away those that its query
    names, all if it names none.
    """
    path = context.operation.path
    read = reader.shape.get(path)
    if read is None or not isinstance(read.answer, Array):
        return False
    item = read.answer.item
    model = model_of(maker.family, item)
    if isinstance(model, Model) and not _is_of(maker, context, model, item):
        return False
    method = context.operation.method
    given = _query(call) if method == "DELETE" else _values(maker, item, model, call, path)
    if given is None:
        return False
    before = list(reader.listed(call._replace(query={}, pairs={}), reader.shape.context(read), arguments))
    if method == "DELETE":
        after = [each for each in before if given and str(each) not in given]
    else:
        after = [] if method == "PUT" else before[:]
        after += [each for number, each in enumerate(given) if each not in after and each not in given[:number]]
    held, of, list_path = call.state.held, context.list, concrete(path, arguments)
    if of is None:
        held.keep(list_path, {"": after}, call.length)
        return True

    def own_id(each: Any) -> Any:
        return each if of.member is None else each[of.member]

    def one(each: Any) -> str:
        return concrete(of.item, {**arguments, of.argument: str(own_id(each))})

    kept = {str(own_id(each)) for each in after}
    for each in before:
        if str(own_id(each)) not in kept:
            held.remove(list_path, one(each), str(own_id(each)))
    there = {str(own_id(each)) for each in before}
    for each in after:
        if str(own_id(each)) not in there:
            held.add(list_path, one(each), own_id(each), each if isinstance(each, dict) else {"": each}, call.length)
    return True


def _is_of(maker: Maker, context: OperationContext, model: Model, item: Type) -> bool:
    """Say whether a call changes a list of objects; what answers objects of another type does something else."""
    answer = context.operation.answer
    if context.operation.method == "PUT" or isinstance(answer, (Scalar, Array)) or answer == item:
        return True
    answered = model_of(maker.family, answer)
    fields = context.fields or {}
    return isinstance(answered, Model) and is_task(maker, answered) and bool(fields.keys() & model.properties.keys())


def _query(call: SandboxCall) -> list[str]:
    return [each for values in call.pairs.values() for each in values]


def _values(maker: Maker, item: Type, model: Any, call: SandboxCall, path: str) -> list[Any] | None:
    """Return the values of a list that a body holds, None if it holds none."""
    body = call.body
    if isinstance(body, Mapping):
        several = [each for each in body.values() if isinstance(each, list)]
        if len(several) == 1:
            body = several[0]
    if isinstance(body, list):
        made = [_one(maker, item, model, each, path) for each in body]
        return [each for each in made if each is not None]
    if isinstance(body, Mapping):
        whole = _one(maker, item, model, body, path)
        if whole is not None:
            return [whole]
        return next(([each] for each in body.values() if each is not None and maker.fits(item, each)), None)
    return None


def _one(maker: Maker, item: Type, model: Any, value: Any, path: str) -> Any:
    if not isinstance(model, Model):
        return value if maker.fits(item, value) else None
    if isinstance(value, Mapping):
        shared = {name: each for name, each in value.items() if name in model.properties}
        return maker.merged(model, maker.object(model, f"{path} {value}"), deepcopy(shared)) if shared else None
    known = model.properties.get("id")
    if known is not None and maker.fits(known.type, value):
        return {**maker.object(model, f"{path} {value}"), "id": value}
    return None
