"""Each call is a line of JSON, with its fields, among the lines of the program."""

import logging

import structlog

import ovhcore as ovh

shared = [structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder(), structlog.processors.TimeStamper(fmt="iso")]
structlog.configure(
    processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)
handler = logging.StreamHandler()
handler.setFormatter(
    structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,  # what lines of other loggers go through, those of ovhcore with their ovh_ fields
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
)
logging.basicConfig(level=logging.INFO, handlers=[handler])
log = structlog.get_logger("bills")

with ovh.Client() as client:
    log.info("counted", bills=len(client.get("/me/bill")))
