"""Every message says what was wrong, with which file or option, and what to do.

Whoever catches these needs to know one thing: whose turn it is. ``InputError`` is the caller's (exit code 2, a
``ValueError``), ``TrainingError`` is ours or the machine's (exit code 1), ``Interrupted`` is nobody's fault (130).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

__all__ = ["InputError", "Interrupted", "LatenteError", "ModelError", "TrainingError", "did_you_mean"]


class LatenteError(Exception):
    """Base of all errors that Latente raises on purpose; its text is one line fit for a user."""


class InputError(LatenteError, ValueError):
    """An option, a file or an array is not usable; nothing was changed (exit code 2)."""


class ModelError(InputError):
    """A saved model or checkpoint is damaged, foreign or does not fit; nothing of it was loaded (exit code 2)."""


class TrainingError(LatenteError, RuntimeError):
    """Training could not go on (non-finite loss, full disk ...); what was saved before is intact (exit code 1)."""


class Interrupted(KeyboardInterrupt):
    """Training was stopped by a signal, and says what there is of it (exit code 130).

    No `Exception`: what catches failures, as scikit-learn's searches do, must not go on after it. state: how far a
    training came, where it was one. leaves_model: whether the estimator is a whole model all the same.
    """

    state: Any = None
    leaves_model = False


def did_you_mean(kind: str, name: object, known: Iterable[str]) -> InputError:
    """Return (not raise) the error for an unknown `name`, with the nearest of the `known` names and the whole list."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name).lower(), [n.lower() for n in names], n=1, cutoff=0.5)
    nearest = next((n for n in names if near and n.lower() == near[0]), None)
    hint = f" did you mean {nearest!r}?" if nearest else ""
    return InputError(f"unknown {kind} {name!r};{hint} known: {', '.join(names)}")
