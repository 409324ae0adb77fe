"""Answers from a recording: which one fits a request, what a miss says, time and chance as they were."""
