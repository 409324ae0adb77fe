"""The file of a recording: its records, bodies and secrets, read and written."""
