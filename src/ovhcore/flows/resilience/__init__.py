"""Resilience to an API that is busy or failing: retries, their budget, limits of rate."""
