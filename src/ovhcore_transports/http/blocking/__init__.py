"""Blocking connections of our own, the pools that keep them, and transports on them, for threads and for tasks."""
