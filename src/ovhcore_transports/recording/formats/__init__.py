"""Recordings in the formats of others: vcrpy, HAR."""
