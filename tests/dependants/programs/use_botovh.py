"""botovh: buys a domain."""

from botovh.account import Account
from here import KEYS, said

account = Account(None, {"ENDPOINT": "ovh-eu", **{name.upper(): value for name, value in KEYS.items()}})


def bought() -> list:
    cart = account.create_cart()
    item = account.add_to_cart("example.com", cart)
    order = account.generate_salesorder("example.com", cart)
    means = account.get_payment_means("example.com", order["orderId"])
    ids = account.get_payment_mean_id("example.com", means[0]["paymentMean"])
    account.pay("example.com", order["orderId"], means[0]["paymentMean"], ids[0])
    return [cart, item, order, means, ids]


# What it does when the API refuses is broken in itself, and in the same way: NameError.
said({"bought": bought, "refused": lambda: account.generate_salesorder("example.com", "none")})
