"""A few of the requests and lives that `benchmarks/studio.py` tries by the thousand."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

pytest.importorskip("schemathesis", reason="needs Schemathesis: pip install schemathesis")

from studio_trials import Life, ask_anything, stand_in
from studios import Client


def test_no_request_is_answered_by_a_fault_of_the_server(client: Client, set_id: str) -> None:
    with stand_in():
        counts = ask_anything(client, 60, seed=0)
    assert counts.keys() & {200, 201, 204}
    assert counts.keys() & {404, 422}


def test_no_picture_is_lost_and_no_process_nobody_s_whatever_happens() -> None:
    settings = hypothesis.settings(max_examples=4, stateful_step_count=15, deadline=None, database=None)
    with stand_in():
        run_state_machine_as_test(Life, settings=settings)
