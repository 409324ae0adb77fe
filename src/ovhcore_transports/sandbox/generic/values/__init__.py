"""Values of the types of a schema: made up, and checked."""
