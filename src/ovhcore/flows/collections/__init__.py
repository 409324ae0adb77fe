"""Lists and many calls: pages, batches, fan-out."""
