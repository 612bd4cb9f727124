"""The project: wiring above the apps."""
