"""The parts that transports on HTTP libraries share: checks of names, guards of loggers, late header fields, slots."""
