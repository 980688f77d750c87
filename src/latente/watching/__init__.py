"""A run's page while it trains: what it shows is read from the run folder alone, and nothing is ever written there."""

from __future__ import annotations

from latente.watching.server import served

__all__ = ["served"]
