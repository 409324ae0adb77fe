"""Answers all operations of a catalogue: data that fits their types, and state by the shape of their paths."""
