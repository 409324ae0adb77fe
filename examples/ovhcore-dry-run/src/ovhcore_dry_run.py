"""Refuse every write to the OVHcloud API, and say what would have been sent."""

import logging

from ovhcore.exceptions import ReadOnlyError
from ovhcore.flows import Contents
from ovhcore.plugins import Option, hookimpl, read_switch

logger = logging.getLogger("ovhcore_dry_run")


@hookimpl
def ovhcore_options():
    return [Option("dry_run", read_switch, "refuse every write, and say what would have been sent")]


@hookimpl(trylast=True)  # inside of retries, and of all middleware that is not marked so
def ovhcore_middleware(settings):
    if not settings.options.get("dry_run"):
        return None
    # What an answer, a header or a body must not show, this must not either.
    contents = Contents(settings.secrets, settings.connection.redaction)

    def middleware(handler):
        def handle(request):
            if request.method != "GET":
                raise refused(request, contents)
            return handler(request)

        return handle

    return middleware


def refused(request, contents):
    url, body = contents.url(request.url), contents.body(request.body)
    would = f"{request.method} {url}" + (f" with the body {body}" if body else "")
    logger.warning("Would have sent %s", would)
    return ReadOnlyError(f"Dry run: not sent was {would}", method=request.method, url=url)
