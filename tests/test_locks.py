"""One writer at a time: the second is told who the first one is, and a dead one's lock is no lock."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from latente import locks
from latente.errors import InputError


def test_the_second_is_told_who_holds_the_folder_and_since_when(tmp_path: Path):
    with locks.held(tmp_path):
        assert locks.is_held(tmp_path)
        holder = rf"{tmp_path} is being written by process {os.getpid()} on {socket.gethostname()} since 20\d\d-"
        with pytest.raises(InputError, match=holder), locks.held(tmp_path):
            pass
        assert locks.is_held(tmp_path), "who is refused takes nothing away"
    assert not locks.is_held(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with locks.held(tmp_path):
        pass


def test_a_dead_holder_s_lock_is_no_lock(tmp_path: Path):
    program = (
        "import os, pathlib, signal, sys\n"
        "from latente import locks\n"
        "with locks.held(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / locks.LOCK).exists()
    assert not locks.is_held(tmp_path)
    with locks.held(tmp_path):
        assert locks.is_held(tmp_path)
    assert not (tmp_path / locks.LOCK).exists()


def test_a_child_that_outlives_the_holder_holds_nothing(tmp_path: Path):
    program = (
        "import os, pathlib, signal, sys\n"
        "from latente import locks\n"
        "with locks.held(pathlib.Path(sys.argv[1])):\n"
        "    if os.fork():\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    print('child', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"child\n"
        assert holder.wait() == -signal.SIGKILL
        with locks.held(tmp_path):
            assert holder.stdin is not None
            holder.stdin.close()  # lets the child end, which leaves the block
            assert holder.stdout.read() == b""
            assert locks.is_held(tmp_path)


def test_where_a_file_system_has_no_locks_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.warns(UserWarning, match="lies where nothing can be locked"), locks.held(tmp_path):
        assert locks.is_held(tmp_path)
    assert not locks.is_held(tmp_path)


def test_of_many_who_come_at_once_one_at_a_time_gets_in(tmp_path: Path):
    inside, most, entered = 0, 0, 0

    def come_and_go() -> None:
        nonlocal inside, most, entered
        for _ in range(30):
            try:
                with locks.held(tmp_path):
                    inside += 1
                    most = max(most, inside)
                    entered += 1
                    inside -= 1
            except InputError:
                continue

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert entered >= 30


def test_a_link_in_the_lock_s_place_is_not_written_through(tmp_path: Path):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / locks.LOCK).symlink_to(mine)
    with pytest.raises(InputError, match="run cannot be written"), locks.held(tmp_path / "run"):
        pass
    assert mine.read_text() == "mine"
