"""The pytest plugin: clients bound to the cassette of their test."""
