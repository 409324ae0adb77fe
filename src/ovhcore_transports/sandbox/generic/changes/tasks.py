"""Tasks that answers speak of: they begin, and can be read where their family lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovhcore.schema import Enumeration, Model, Type

from ...routes.calls import SandboxCall, arguments_of, concrete
from ...storage.running_task import RunningTask
from ..api_shape import ApiShape, Collection, OperationContext, id_member, model_of
from ..reading import Reader
from ..running import ENDED, is_task, kind_of, new_task
from ..values.making import Maker

__all__ = ["begin_task"]

_LISTS: Final = ("task", "tasks", "operation", "operations")


def begin_task(
    reader: Reader,
    call: SandboxCall,
    context: OperationContext,
    maker: Maker,
    model: Model,
    arguments: dict[str, str],
    members: Mapping[str, Any],
) -> dict[str, Any]:
    """Begin a task, and return it as an operation answers it.

    Args:
        reader: of what there is.
        call: that begins it.
        context: of the operation.
        maker: of its family.
        model: of its answer.
        arguments: of its path.
        members: that the task has.
    """
    of = _list_of(reader.shape, context, maker)
    listed = model_of(maker.family, None if of is None else of.model)
    state = call.state
    running = RunningTask("", str(context.operation), 0, call.now, state.task_seconds, state.failing_tasks)
    if of is None or not isinstance(listed, Model):
        own = {**kind_of(maker, model, str(context.operation)), **members}
        alone = maker.merged(model, maker.object(model, f"{context.operation}#{state.next()}"), own)
        return new_task(maker, model, alone, running)
    names = arguments_of(of.item, arguments)
    item_id = reader.new_id(maker, of, f"{context.operation}#{state.next()}", 0)
    inner = {**names, of.argument: str(item_id)}
    path = concrete(of.item, inner)
    own = {**kind_of(maker, listed, str(context.operation)), **members}
    task = maker.merged(listed, reader.made(maker, listed, of.item, inner), own)
    task = new_task(maker, listed, task, running)
    state.held.add(concrete(of.template, names), path, item_id, task)
    state.held.run(path, running)
    if of.model == context.operation.answer:
        return dict(task)
    # Some answers are of a type of their own, with fewer members.
    shared = {name: value for name, value in task.items() if _can_be(maker, model, name, value)}
    made = maker.merged(model, maker.object(model, path), shared)
    return {name: each for name, each in made.items() if name in task or name.lower() not in ENDED}


def _can_be(maker: Maker, model: Model, name: str, value: Any) -> bool:
    """Say whether a member of one type can be one of another; enumerations of the same name differ."""
    known = model.properties.get(name)
    enum = model_of(maker.family, None if known is None else known.type)
    return known is not None and (not isinstance(enum, Enumeration) or value in enum.values)


def _list_of(shape: ApiShape, context: OperationContext, maker: Maker) -> Collection | None:
    """Return the list that the task of an answer is in: that of its type, or of one with the same id."""
    segments = context.operation.path.split("/")
    for end in range(len(segments), 1, -1):
        for word in _LISTS:
            found = shape.collection("/".join([*segments[:end], word]))
            if found is not None and _is_of(context.operation.answer, found, maker):
                return found
    return None


def _is_of(type_: Type, tasks: Collection, maker: Maker) -> bool:
    if tasks.model == type_:
        return True
    own, listed = (model_of(maker.family, each) for each in (type_, tasks.model))
    if not isinstance(own, Model) or not isinstance(listed, Model) or not is_task(maker, listed):
        return False
    member = id_member(listed, tasks.item, tasks.argument)
    return member is not None and own.properties.get(member) == listed.properties[member]
