"""Log in as a user: ask for a consumer key, wait for its validation, greet.

Needs an application key and secret in ``ovh.conf`` or ``OVH_*`` variables. Tries without an
account: ``OVH_TRANSPORT=sandbox python examples/login.py``.
"""

from __future__ import annotations

import ovhcore as ovh


def main(client: ovh.Client) -> None:
    """Ask for a key that may read the user's data, and use it."""
    request = client.new_consumer_key_request()
    request.add_rules(ovh.API_READ_ONLY, "/me")
    validation = request.request()
    print("Please visit", validation["validationUrl"])
    input("and press Enter when you have logged in there. ")
    print("Welcome", client.get("/me")["firstname"])
    print("Keep this consumer key in ovh.conf; it is shown once:", validation["consumerKey"])


if __name__ == "__main__":
    with ovh.Client() as configured:
        main(configured)
