"""Is the house in order: database, queue, beat and disk, each told apart."""
