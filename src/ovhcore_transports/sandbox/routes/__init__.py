"""Calls that have an answer of their own: which there are, what they are given, and how lists are asked for."""
