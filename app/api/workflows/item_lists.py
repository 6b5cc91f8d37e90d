"""Lists of ids that are too long for one call: made in parts, then named when a run is started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.dependencies import Caller, State, bearer
from app.api.routing import Router
from app.errors import BadInput
from app.schemas.base import Body
from app.schemas.items import ListAnswer
from app.schemas.workflow_bodies import ItemId
from app.store.database import reading
from app.store.items import item_lists
from app.workflows.keys import new_id

MOST_AT_ONCE = 5_000

router = Router(prefix="/api/item-lists", tags=["item lists"], dependencies=[Depends(bearer)])

ListId = Annotated[str, Path(max_length=100)]


class ItemListPart(Body):
    item_ids: Annotated[list[ItemId], Field(min_length=1, max_length=MOST_AT_ONCE)]


async def require_list(
    database: AsyncEngine, list_id: str | None, item_ids: Sequence[str] | None
) -> None:
    """
    Raises:
        BadInput: ids are named twice.
        NotFound: there is no such list.
    """
    if list_id is None:
        return
    if item_ids is not None:
        raise BadInput("Send either itemIds or itemList, not both.", field="itemList")
    async with reading(database) as connection:
        await item_lists.require(connection, list_id)


@router.post("", status_code=201)
async def make_list(body: ItemListPart, state: State, caller: Caller) -> ListAnswer:
    """Begin a list of ids, which a start may name as `itemList`. From then on it takes no more
    ids."""
    list_id = new_id("ids")
    async with state.database.begin() as tx:
        await item_lists.make(tx, list_id, caller)
        number = await item_lists.add(tx, list_id, body.item_ids, by=caller)
    return ListAnswer(list_id=list_id, items=number)


@router.post("/{list_id}")
async def add_to_list(
    list_id: ListId, body: ItemListPart, state: State, caller: Caller
) -> ListAnswer:
    """Add ids, with the token that made the list, until a run names it; safe to repeat."""
    async with state.database.begin() as tx:
        number = await item_lists.add(tx, list_id, body.item_ids, by=caller)
    return ListAnswer(list_id=list_id, items=number)
