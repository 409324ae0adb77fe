"""Carts, orders and their payment: an order is not paid at first, and makes a bill when it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..routes.calls import SandboxCall, begin, concrete, date_of
from ..state import ApiError
from ..storage.initial_data import bill
from .tables import Action, Change, Resource

__all__ = ["RESOURCES"]

_ORDERS: Final = "/me/order"
_CARTS: Final = "/order/cart"
_PAID: Final = 154_200_001
_UNPAID: Final = 154_200_002
_CENTS: Final = 1199
"""What an item of a cart costs."""


def _price(cents: int) -> dict[str, Any]:
    return {"currencyCode": "EUR", "text": f"{cents / 100:.2f} €", "value": cents / 100}


def _status(call: SandboxCall, arguments: Mapping[str, str]) -> str:
    return "notPaid" if arguments["orderId"] == str(_UNPAID) else "delivered"


def _paid(call: SandboxCall, arguments: Mapping[str, str]) -> None:
    """Let what is known of a payment be made up, if there was one."""
    if call.read(concrete(f"{_ORDERS}/{{orderId}}/status", arguments)) == "notPaid":
        raise ApiError.of_class(404, "NotFound", "This order is not paid")


def _pay(call: SandboxCall, change: Change) -> None:
    """Pay an order: it is delivered when its task is over, and there is a bill."""
    path = concrete(f"{_ORDERS}/{{orderId}}", change.arguments)
    if call.read(f"{path}/status") != "notPaid":
        raise ApiError.of_class(409, "Conflict", "This order is paid already")
    held, bills = call.state.held, call.state.resources["bills"]
    held.keep(f"{path}/status", {"": "delivering"})
    begin(call, f"{path}/status", "pay", {"then": {"": "delivered"}})
    cents = round(change.object["priceWithoutTax"]["value"] * 100)
    made = bill(54_500_000 + call.state.next(), date_of(call.now)[:10], cents)
    made |= {"orderId": change.object["orderId"], "date": date_of(call.now)}
    bills.append(made)
    mean = str(change.given.get("paymentMean") or "creditCard")
    kind = mean if mean in ("creditCard", "bankAccount", "fidelityPoints") else "creditAccount"
    payment = {"paymentDate": date_of(call.now), "paymentIdentifier": made["billId"], "paymentType": kind}
    held.keep(f"{path}/payment", payment)
    held.keep(f"{path}/associatedObject", {"id": made["billId"], "type": "Bill"})


def _check_out(call: SandboxCall, change: Change) -> None:
    """Make an order of a cart."""
    path = concrete(f"{_CARTS}/{{cartId}}", change.arguments)
    cart = change.object
    if cart.get("readOnly"):
        raise ApiError.of_class(409, "Conflict", "An order was made of this cart already")
    number, cents = 154_300_000 + call.state.next(), _CENTS * len(cart["items"])
    held, one = call.state.held, f"{_ORDERS}/{number}"
    url = f"https://www.example.com/order/{number}"
    prices = {"priceWithTax": cents * 12 // 10, "priceWithoutTax": cents, "tax": cents * 2 // 10}
    order = {
        "date": date_of(call.now),
        "expirationDate": date_of(call.now + 14 * 86400),
        "orderId": number,
        "password": f"made-up-{number}",
        "pdfUrl": f"{url}.pdf",
        "url": url,
        **{name: _price(each) for name, each in prices.items()},
    }
    held.add(_ORDERS, one, number, order)
    held.keep(f"{one}/status", {"": "notPaid"})
    held.keep(path, {**cart, "readOnly": True})
    of_answer = ("withTax", "priceWithTax"), ("withoutTax", "priceWithoutTax"), ("tax", "tax")
    change.answered.update(orderId=number, url=url, prices={name: order[each] for name, each in of_answer})
    if change.given.get("autoPayWithPreferredPaymentMethod"):
        paid = Change("POST /pay", {"orderId": str(number)}, {}, order, list, call)
        _pay(call, paid)


RESOURCES: Final = (
    Resource(
        f"{_ORDERS}/{{orderId}}",
        ids=(_PAID, _UNPAID),
        actions={
            "POST /pay": Action(does=_pay, busy=False),
            "POST /payWithRegisteredPaymentMean": Action(does=_pay, busy=False),
        },
    ),
    Resource(f"{_ORDERS}/{{orderId}}/status", reads=_status),
    Resource(f"{_ORDERS}/{{orderId}}/payment", reads=_paid),
    Resource(f"{_CARTS}/{{cartId}}", shows={"readOnly": False}, actions={"POST /checkout": Action(does=_check_out)}),
)
