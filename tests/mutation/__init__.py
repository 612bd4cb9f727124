"""Mutation testing of the legal core (docs/mutation.md); `make mutants` runs it."""
