"""What is measured, how, and against which limit (docs/benchmarks.md); `make bench` runs it."""
