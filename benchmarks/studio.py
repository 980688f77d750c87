"""Does the studio start at once, answer while it trains, take ten thousand files over a bad line, and break by nothing?

    python benchmarks/studio.py times            start, memory at rest, a thousand trainings listed, the first picture
    python benchmarks/studio.py load             50 clients for a minute beside a training; some 4 minutes
    python benchmarks/studio.py uploads          10,000 files, the connection cut three times
    python benchmarks/studio.py calls            5,000 requests of any kind, by Schemathesis
    python benchmarks/studio.py journeys         new pictures, clean ones and a painting in Chromium, trained in earnest
    python benchmarks/studio.py lives            200 lives: pictures, trainings, kills, trash and undo in any order

The last three need the package's own tests beside them, whose helpers they use; calls and lives train a stand-in that
learns nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import io
import json
import os
import re
import resource
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from measure import load

TESTS = Path(__file__).parents[1] / "tests"
CLIENTS, SECONDS = 50, 60
PHASES = 3  # of the minute, each after as long without clients
FILES, CUTS, AT_ONCE = 10_000, 3, 4


class Browser:
    """Asks a studio as its page does, over one connection that is kept."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port, self.cookie = port, cookie
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    @classmethod
    def come(cls, address: str) -> Browser:
        port, path = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/.*)", address.strip()).groups()
        browser = cls(int(port))
        browser._line.request("GET", path)
        answer = browser._line.getresponse()
        answer.read()
        browser.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return browser

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return what is answered: JSON, or bytes of another kind; raises RuntimeError where it is refused."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body)
        try:
            answer = self._answer(method, path, content)
        except (ConnectionError, http.client.RemoteDisconnected):  # the server does not keep an idle one for ever
            self._line.close()
            answer = self._answer(method, path, content)
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text) if text and answer.headers.get_content_type() == "application/json" else text

    def _answer(self, method: str, path: str, content: bytes | str | None) -> http.client.HTTPResponse:
        self._line.request(method, f"/api/{path}", content, self.headers)
        return self._line.getresponse()

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": self.cookie, "Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}

    def break_off(self, path: str, content: bytes) -> None:
        """Begin to send a file, and be gone in the middle of it."""
        self._line.putrequest("PUT", f"/api/{path}")
        for name, value in (*self.headers.items(), ("Content-Length", str(len(content)))):
            self._line.putheader(name, value)
        self._line.endheaders(content[: len(content) // 2])
        self._line.close()

    def send(self, set_id: str, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            sha256 = hashlib.sha256(content).hexdigest()
            listed = [{"name": name, "sha256": sha256, "size": len(content)}]
            if self.ask("POST", f"sets/{set_id}/files", {"files": listed})["missing"]:
                self.ask("PUT", f"sets/{set_id}/files/{sha256}", content)

    def look(self, set_id: str) -> None:
        self.ask("POST", f"sets/{set_id}/look")
        _wait(lambda: self.ask("GET", f"sets/{set_id}")["finding"]["state"] == "done")


@contextlib.contextmanager
def studio(workspace: Path) -> Iterator[tuple[int, str, float]]:
    """Serve a workspace; yield the server's number, its address, and in how many seconds it answered."""
    command = [sys.executable, "-m", "latente", "studio", "--no-browser", "--port", "0", "--workspace", str(workspace)]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[1]
        Browser.come(address)
        seconds = time.perf_counter() - begin
        try:
            yield server.pid, address, seconds
        finally:
            server.send_signal(signal.SIGINT)


def times(folder: Path) -> None:
    """Print how long it takes to answer, to list, and to show the first picture, and its memory at rest."""
    starts, used, resident = [], [], 0.0
    for number in range(5):
        with studio(folder / f"start-{number}") as (pid, _, seconds):
            starts.append(seconds)
            used.append(_processor(pid))
            time.sleep(2)
            resident = _megabytes(pid)
    print(f"start: {_told(starts)}, {statistics.median(used):.2f} s of the processor; memory at rest {resident:.0f} MB")
    _many_runs(folder / "many", 1_000)
    with studio(folder / "many") as (pid, address, _):
        browser, took, before = Browser.come(address), [], _processor(pid)
        for _ in range(20):
            begin = time.perf_counter()
            assert len(browser.ask("GET", "jobs")) == 1_000
            took.append(time.perf_counter() - begin)
        each = (_processor(pid) - before) / len(took)
    print(f"1,000 trainings listed: {_told(took)}, {1000 * each:.0f} ms of the processor with the queue's own work")
    with studio(folder / "first") as (_, address, _):
        browser = Browser.come(address)
        one = browser.ask("POST", "sets", {"name": "pictures"})["id"]
        browser.send(one, {f"{number}.png": _picture(number) for number in range(300)})
        browser.look(one)
        begin = time.perf_counter()
        job = browser.ask("POST", "jobs", {"set": one, "goal": "new"})["id"]
        _wait(lambda: browser.ask("GET", f"jobs/{job}")["pictures"])
        seconds = time.perf_counter() - begin
        status = json.loads((folder / "first" / "runs" / job / "status.json").read_text())
        print(f"first picture of 300: {seconds:.1f} s, {_processor(status['pid']):.1f} s of the training's processor")
        _end(browser, job)


def loaded(folder: Path) -> None:
    """Print how long lists and thumbnails take 50 clients at once, and how fast a training is beside them."""
    with studio(folder / "workspace") as (_, address, _):
        browser = Browser.come(address)
        one = browser.ask("POST", "sets", {"name": "pictures"})["id"]
        browser.send(one, {f"{number}.png": _picture(number) for number in range(300)})
        browser.look(one)
        sums = [file["sha256"] for file in browser.ask("GET", f"sets/{one}/files")]
        job = browser.ask("POST", "jobs", {"set": one, "goal": "new", "length": "good"})["id"]
        log = folder / "workspace" / "runs" / job / "metrics.jsonl"
        _wait(lambda: log.exists() and len(log.read_text().splitlines()) > 20)
        paths, took = ["jobs", "sets", *(f"sets/{one}/thumbs/{sha256}" for sha256 in sums)], []
        alone, beside = [], []
        for _ in range(PHASES):
            begin = time.time()
            time.sleep(SECONDS / PHASES)
            middle = time.time()
            took += _clients(browser, paths, SECONDS / PHASES)
            alone.append(_speed(log, begin, middle))
            beside.append(_speed(log, middle, time.time()))
        _end(browser, job)
    for name, own in (("lists", {"jobs", "sets"}), ("thumbnails", {path for path in paths if "/" in path})):
        seconds = sorted(took_by for path, took_by in took if path in own)
        middle_one, late = (1000 * seconds[int(part * len(seconds))] for part in (0.5, 0.95))
        print(f"{name}: {len(seconds):,} asked, median {middle_one:.0f} ms, 95 % within {late:.0f} ms")
    ratio = statistics.median(there / without for there, without in zip(beside, alone, strict=True))
    print(f"training beside / alone: {ratio:.3f} ({statistics.median(alone):.0f} images/s alone)")


def uploads(folder: Path) -> None:
    """Print how many of 10,000 files are there after three cuts, by their sums, and how long it took."""
    noise = np.random.default_rng(0).bytes(FILES * 2_000)
    files = {f"{number // 500:02}/{number:05}.png": noise[number * 2_000 :][:2_000] for number in range(FILES)}
    with studio(folder / "workspace") as (_, address, _):
        browser = Browser.come(address)
        one, begin, cuts = browser.ask("POST", "sets", {"name": "many"})["id"], time.perf_counter(), 0
        while True:
            missing = _announce(browser, one, files)
            if not missing:
                break
            print(f"{len(missing):,} to be sent", flush=True)
            least = len(missing) - FILES // (CUTS + 1) if cuts < CUTS else 0
            _send(browser, one, missing, max(0, least))
            cuts += 1
        seconds = time.perf_counter() - begin
        home = folder / "workspace" / "sets" / one / "pictures"
        there = {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in there.items()}
    right = sum(sums.get(name) == hashlib.sha256(content).hexdigest() for name, content in files.items())
    print(f"{right:,} of {FILES:,} files are there by their sums, {len(there) - right} others; {cuts - 1} cuts")
    print(f"{seconds:.1f} s, {FILES / seconds:.0f} files/s")


def calls(count: int) -> None:
    """Print how often which status answered requests of any kind."""
    from latente.studio.processes import Processes
    from studio_trials import ask_anything, processes_of, stand_in
    from studios import TOKEN, Client, make_parts, png, wait_until

    with stand_in(), tempfile.TemporaryDirectory() as folder:
        client = Client(make_parts(Path(folder)))
        client.get(f"/?token={TOKEN}", follow_redirects=False)
        one = client.post("/api/sets", json={"name": "Fotos"}).json()["id"]
        client.give(one, {"a.png": png(0), "b.png": png(1)})
        client.look(one)
        try:
            counts = ask_anything(client, count, seed=0)
        finally:
            for ticket in client.parts.jobs.tickets():
                if ticket.process:
                    Processes().end(ticket.process)
            wait_until(lambda: not [*processes_of(client.parts.workspace.path)])
    told = ", ".join(f"{number:,} x {status}" for status, number in sorted(counts.items()))
    print(f"{counts.total():,} requests: {told}")


def lives(count: int) -> None:
    """Live so many lives of a studio, and print that nothing was lost in any."""
    import hypothesis
    from hypothesis.stateful import run_state_machine_as_test

    from studio_trials import Life, stand_in

    health = list(hypothesis.HealthCheck)
    settings = hypothesis.settings(
        max_examples=count, stateful_step_count=20, deadline=None, database=None, suppress_health_check=health
    )
    with stand_in():
        run_state_machine_as_test(Life, settings=settings)
    print(f"{count} lives of 20 steps: no picture lost, no process nobody's, no file half there")


def journeys() -> None:
    """Go from pictures to results as a person does, and print what that took of the processor."""
    line = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--durations", "3"]
    tests = TESTS / "web" / "test_studio_trains.py"
    subprocess.run([*line, str(tests)], env={**os.environ, "LATENTE_JOURNEYS": "1"}, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{used.ru_utime + used.ru_stime:.0f} s of the processor")


def _many_runs(workspace: Path, count: int) -> None:
    """Make a workspace of finished trainings, as they lie on the disk."""
    for number in range(count):
        name = secrets.token_hex(4)
        job, run = workspace / "jobs" / name, workspace / "runs" / name
        job.mkdir(parents=True)
        run.mkdir(parents=True)
        ticket = {"id": name, "of": "aaaaaaaa", "name": "pictures", "goal": "new", "length": "quick", "created": number}
        (job / "ticket.json").write_text(json.dumps({**ticket, "order": number, "phase": "done"}))
        status = {"state": "finished", "step": 100, "steps": 100, "seconds_left": None}
        (run / "status.json").write_text(json.dumps(status))


def _picture(number: int) -> bytes:
    """Draw a photograph of sorts, 128 x 96, as PNG."""
    noise = np.random.default_rng(number)
    coarse = Image.fromarray(noise.integers(0, 256, (6, 8, 3), np.uint8)).resize((128, 96), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    coarse.save(file, "PNG")
    return file.getvalue()


def _clients(browser: Browser, paths: list[str], seconds: float) -> list[tuple[str, float]]:
    """Let 50 clients ask once a second each, half of it lists; return what they asked and how long it took."""
    took: list[tuple[str, float]] = []
    end = time.monotonic() + seconds

    def live(seed: int) -> None:
        own, chance = Browser(browser.port, browser.cookie), np.random.default_rng(seed)
        time.sleep(float(chance.random()))
        while time.monotonic() < end:
            path = paths[int(chance.integers(2) if chance.random() < 0.5 else chance.integers(2, len(paths)))]
            begin = time.perf_counter()
            own.ask("GET", path)
            spent = time.perf_counter() - begin
            took.append((path, spent))
            time.sleep(max(0.0, 1 - spent))

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def _speed(log: Path, begin: float, end: float) -> float:
    """Return the median speed that a training told of itself within some time, in images a second."""
    entries = [json.loads(text) for text in log.read_text().splitlines()]
    own = [
        one["images_per_second"] for one in entries if begin < one.get("time", 0) < end and "images_per_second" in one
    ]
    return statistics.median(own)


def _announce(browser: Browser, set_id: str, files: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Return the sum and the content of what is missing."""
    by_sum = {hashlib.sha256(content).hexdigest(): (name, content) for name, content in files.items()}
    listed = [{"name": name, "sha256": sha256, "size": len(content)} for sha256, (name, content) in by_sum.items()]
    missing: list[tuple[str, bytes]] = []
    for begin in range(0, len(listed), 200):
        answer = browser.ask("POST", f"sets/{set_id}/files", {"files": listed[begin : begin + 200]})
        missing += [(sha256, by_sum[sha256][1]) for sha256 in answer["missing"]]
    return missing


def _send(browser: Browser, set_id: str, missing: list[tuple[str, bytes]], least: int) -> None:
    """Send files, four at a time, until so many are left; then be gone, each in the middle of a file."""
    waiting = list(missing)

    def work() -> None:
        own = Browser(browser.port, browser.cookie)
        while len(waiting) > least:
            try:
                sha256, content = waiting.pop()
            except IndexError:
                return
            own.ask("PUT", f"sets/{set_id}/files/{sha256}", content)
        if least and waiting:
            sha256, content = waiting.pop()
            own.break_off(f"sets/{set_id}/files/{sha256}", content)

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _end(browser: Browser, job: str) -> None:
    with contextlib.suppress(RuntimeError):
        browser.ask("POST", f"jobs/{job}/pause")
    _wait(lambda: browser.ask("GET", f"jobs/{job}")["state"] not in ("running", "starting", "stopping", "finishing"))


def _told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _processor(pid: int) -> float:
    """Return the processor seconds that a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1000


def _wait(holds: Callable[[], Any], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("it never came to that")
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("times", "load", "uploads", "calls", "lives", "journeys"))
    parser.add_argument("--count", type=int, help="of calls or lives")
    options = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    print(f"load before: {load():.2f}")
    if options.what == "journeys":
        journeys()
        return
    if options.what in ("calls", "lives"):
        run, usual = (calls, 5_000) if options.what == "calls" else (lives, 200)
        run(options.count or usual)
        return
    folder = Path(tempfile.mkdtemp())
    try:
        {"times": times, "load": loaded, "uploads": uploads}[options.what](folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
