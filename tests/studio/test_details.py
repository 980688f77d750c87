"""The options behind a goal: those of the command line, none of which names a place of this machine."""

from __future__ import annotations

from typing import Any

import pytest

from latente.studio.goals import GOALS
from studios import Client


@pytest.mark.parametrize("goal", [goal for goal in GOALS if goal != "experiment"])
def test_no_option_names_a_file_or_a_folder(client: Client, goal: str) -> None:
    options = client.get(f"/api/goals/{goal}/options").json()
    flags = {option["flag"] for option in options}
    assert len(flags) > 5
    assert not flags & {"--out", "--init", "--weights", "--validation", "--autoencoder", "--styles", "--regions"}
    assert all(option["help"] and option["panel"] for option in options)


def test_what_a_person_chose_stands_on_the_command_line_and_wins(client: Client, set_id: str) -> None:
    options = {"--hidden": "8,16", "--seed": "7"}
    wish = {"set": set_id, "goal": "similar", "options": options}
    job = client.post("/api/jobs", json=wish).json()["id"]
    told = client.get(f"/api/jobs/{job}").json()
    [command] = told["commands"]
    assert {"--hidden=8,16", "--seed=7"} <= set(command)
    assert command.index("--seed=7") > command.index("--seed")  # of two the last counts
    assert told["options"] == options


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"--out": "/etc"}, "unknown"),
        ({"--init": "/etc"}, "unknown"),
        ({"--epochs": "many"}, "bad_option"),
        ({"--hidden": "--out=/etc"}, "bad_option"),
        ({"--batch-size": "-1"}, "bad_option"),
        ({"hidden": "8"}, "unknown"),
    ],
)
def test_what_is_no_option_or_no_value_of_it_is_refused(
    client: Client, set_id: str, options: dict[str, Any], code: str
) -> None:
    answer = client.post("/api/jobs", json={"set": set_id, "goal": "similar", "options": options})
    assert answer.json()["code"] == code
    assert client.get("/api/jobs").json() == []
