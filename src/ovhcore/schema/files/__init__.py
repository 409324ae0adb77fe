"""What of the schemas reads and writes files: documents, the catalogue that is shipped, and the user's cache."""
