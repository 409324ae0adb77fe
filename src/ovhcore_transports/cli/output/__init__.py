"""How answers are printed: for people on a terminal, for programs elsewhere."""
