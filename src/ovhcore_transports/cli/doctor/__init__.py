"""``ovhcore doctor``: what is wrong, in words, and what to do next."""
