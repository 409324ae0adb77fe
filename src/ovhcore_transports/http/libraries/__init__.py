"""The parts that transports on HTTP libraries share: names that must be there, guarded loggers, late header fields, slots."""
