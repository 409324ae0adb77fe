"""The files of schemas: documents, the catalogue that is shipped, and the user's cache."""
