"""Servers that play the outside world for journeys: a relay, a breakable wire, a second browser engine."""
