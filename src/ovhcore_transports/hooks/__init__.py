"""Plugins that touch the world: rate limits of a process, the system's keyring, OpenTelemetry."""
