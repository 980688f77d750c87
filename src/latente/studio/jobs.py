"""The queue: one training at a time, each a process that goes on without us, found again when we come back.

Nothing of a training's state is kept here. Whether it works is whether its process, known by number and first moment,
is there; how far it came and how it ended is what its run folder says.
"""

from __future__ import annotations

import shlex
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from latente.errors import LatenteError, ModelError
from latente.estimators.options.style import PICTURE
from latente.files import replacing
from latente.studio import commands, orders, plans, standing
from latente.studio.commands import as_process, last_line
from latente.studio.goals import AT_ONCE, goal_named, minutes_of
from latente.studio.orders import Wished, is_done, pieces_of
from latente.studio.plans import Piece, Step
from latente.studio.problems import Problem
from latente.studio.processes import Processes
from latente.studio.remembered import Remembered
from latente.studio.sets import Sets
from latente.studio.tickets import Ticket
from latente.studio.workspace import Workspace
from latente.training.runs import Run

__all__ = ["Jobs"]

_EVERY = 0.5  # seconds between two looks
_PATIENCE = 120.0  # seconds in which a training that was told to stop has to have saved
_PROMPT = "$ "  # before a command in the log
_LONGEST_LOG = 20_000  # bytes of a log in which its last line is looked for


class Jobs:
    """The trainings of a workspace.

    command: makes of the arguments of a verb what is started for them. painter: a run that paints at once, or None.
    """

    def __init__(
        self,
        workspace: Workspace,
        sets: Sets,
        command: Callable[[list[str]], list[str]] = as_process,
        painter: Path | None = None,
    ) -> None:
        self._workspace, self._sets, self._command, self.painter = workspace, sets, command, painter
        self._processes, self._lock, self._end = Processes(), threading.RLock(), threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True, name="queue")
        self._tickets, self._lines = Remembered[Ticket](), Remembered[dict[str, Any]]()
        self.trouble: str | None = None  # what keeps the queue from going on

    def open(self) -> None:
        """Look after the queue from now on; the only studio of the workspace does."""
        for folder in self._workspace.all("jobs"):
            if not (folder / "ticket.json").exists():  # of a plan, or an order, that was on its way when we were ended
                shutil.rmtree(folder, ignore_errors=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking after the queue; what trains goes on."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def new(self, wished: Wished) -> Ticket:
        """Put an order into the queue; raises Problem where the pictures do not fit the goal."""
        minutes_of(goal_named(wished.goal), wished.length)
        count = orders.check(self._workspace, self._sets, wished, self.painter)
        self._workspace.refuse_full_disk(0)
        return self._add(wished, count)

    def use(self, job_id: str, set_id: str) -> Ticket:
        """Let what a training made serve the pictures of another set; raises Problem where it cannot."""
        ticket, folder = self.ticket(job_id), self._workspace.find("sets", set_id)
        goal, finding = goal_named(ticket.goal), self._sets.finding(folder)
        if goal.use is None or ticket.phase != "done" or ticket.model:
            raise Problem(409, "nothing_to_use", "this training has made nothing that serves other pictures")
        if finding["state"] != "done":
            raise Problem(409, "not_looked_through", "these pictures do not fit this goal")
        wished = Wished(
            set_id, ticket.goal, ticket.length, ticket.beside, options=ticket.options, language=ticket.language
        )
        if goal.use == "style":
            return self.new(wished)
        self._workspace.refuse_full_disk(0)
        return self._add(wished, finding["total"] - finding["left_out"], model=job_id, phase="after")

    def plan(self, wished: Wished) -> dict[str, Any]:
        """Return what an order would take, by a dry run: seconds, memory, parameters, as far as they are known."""
        goal = goal_named(wished.goal)
        minutes = minutes_of(goal, wished.length)
        count = orders.check(self._workspace, self._sets, wished, self.painter)
        if wished.length == AT_ONCE:  # some seconds a picture, of which no dry run tells
            return dict.fromkeys(("seconds", "memory", "parameters", "method"))
        if wished.experiment:
            from latente.experiments import EXPERIMENTS

            return {"seconds": 60 * EXPERIMENTS[wished.experiment].minutes}
        job = self._workspace.new("jobs")
        try:
            ticket = self._ticket(job.name, wished, count)
            orders.fix(self._workspace, self._sets, ticket)
            pieces = self._pieces(ticket)
            door = () if goal.name == "style" else ("--budget", "1")
            told = commands.answer([*pieces[0].begin, *door, "--dry-run"])
            method = plans.method_of(goal, count, wished.length) if goal.name == "new" else None
        finally:
            shutil.rmtree(job)
        seconds, memory = (told.get(name) for name in ("seconds_estimate", "memory_estimate_bytes"))
        if goal.name == "style":
            seconds, memory = len(pieces) * told["seconds"], told["memory"]
        return {
            "seconds": seconds if minutes is None else 60 * minutes,
            "memory": memory,
            "parameters": told.get("parameters"),
            "method": method,
        }

    def _ticket(self, job_id: str, wished: Wished, count: int) -> Ticket:
        about = self._sets.told(self._workspace.find("sets", wished.of)) if wished.of else {"name": ""}
        now = time.time()
        return Ticket(
            job_id,
            wished.of,
            about["name"],
            wished.goal,
            wished.length,
            created=now,
            order=now,
            beside=wished.beside,
            experiment=wished.experiment,
            options=dict(wished.options),
            language=wished.language,
            count=count,
        )

    def _add(self, wished: Wished, count: int, model: str = "", phase: str = "train") -> Ticket:
        with self._lock:
            ticket = self._ticket(self._workspace.new("jobs").name, wished, count)
            ticket.model, ticket.phase = model, phase
            orders.fix(self._workspace, self._sets, ticket, self.painter)
            ticket.write(self._workspace)
        return ticket

    def tickets(self) -> list[Ticket]:
        """Return all tickets, in the order of the queue; those that are settled are not to be changed."""
        tickets, home = [], str(self._workspace.path / "jobs")
        for name in self._workspace.ids("jobs"):
            folder = f"{home}/{name}"
            try:
                known = self._tickets.of((f"{folder}/ticket.json",), partial(Ticket.read, Path(folder)))
            except (ModelError, TypeError):
                continue  # made this instant, or damaged by another hand
            tickets.append(known if known.is_settled else known.copy())
        return sorted(tickets, key=lambda ticket: (ticket.order, ticket.id))

    def all(self) -> list[dict[str, Any]]:
        """Return what the page is told of each training, the newest first."""
        tickets = self.tickets()
        waiting = [ticket.id for ticket in tickets if self._is_waiting(ticket)]
        told = [self._told(ticket, waiting) for ticket in tickets]
        return sorted(told, key=lambda one: -one["created"])

    def _told(self, ticket: Ticket, waiting: list[str]) -> dict[str, Any]:
        """Return what a list tells of an order; of one that is settled its ticket and its run's status say it all."""
        read = partial(standing.told, self._workspace, ticket, waiting)
        if not ticket.is_settled:
            return read()
        home = self._workspace.path
        status = f"{home}/runs/{ticket.model or ticket.id}/{ticket.at}/status.json"
        return self._lines.of((f"{home}/jobs/{ticket.id}/ticket.json", status), read, about=ticket)

    def one(self, job_id: str) -> dict[str, Any]:
        """Return what the page is told of a training, with what its run folder says of it."""
        waiting = [ticket.id for ticket in self.tickets() if self._is_waiting(ticket)]
        return standing.whole(self._workspace, self.ticket(job_id), waiting)

    def ticket(self, job_id: str) -> Ticket:
        return Ticket.read(self._workspace.find("jobs", job_id))

    def pause(self, job_id: str) -> None:
        """Let a training save and rest, or a waiting one not start."""
        self._wish(job_id, "pause")

    def stop(self, job_id: str) -> None:
        """Let a training save and end; what it has learned is kept, and used. Where that is nothing yet, it rests."""
        self._wish(job_id, "stop")

    def go_on(self, job_id: str) -> None:
        """Put a training that rests, or failed, back into the queue; it goes on where it was."""
        with self._lock:
            ticket = self.ticket(job_id)
            if (
                ticket.process
                or ticket.phase in ("after", "done")
                or (ticket.phase == "train" and ticket.wish == "run")
            ):
                raise Problem(409, "not_resting", "this training does not rest")
            self._workspace.refuse_full_disk(0)
            ticket.wish, ticket.phase, ticket.error, ticket.told = "run", "train", None, None
            ticket.failures = {}  # what gave nothing is tried again
            ticket.order = time.time()
            ticket.write(self._workspace)

    def first(self, job_id: str) -> None:
        """Let a waiting training be the next one."""
        with self._lock:
            ticket = self.ticket(job_id)
            if not self._is_waiting(ticket):
                raise Problem(409, "not_waiting", "this training does not wait")
            ticket.order = min(each.order for each in self.tickets() if self._is_waiting(each)) - 1
            ticket.write(self._workspace)

    def move(self, job_id: str, places: int) -> None:
        """Let a waiting training wait for so many others fewer, or where `places` is below 0 for more."""
        with self._lock:
            waiting = [ticket for ticket in self.tickets() if self._is_waiting(ticket) and ticket.phase == "train"]
            before = next((place for place, ticket in enumerate(waiting) if ticket.id == job_id), None)
            if before is None:
                raise Problem(409, "not_waiting", "this training does not wait")
            moments = [ticket.order for ticket in waiting]
            waiting.insert(max(0, min(len(waiting) - 1, before - places)), waiting.pop(before))
            for ticket, moment in zip(waiting, moments, strict=True):
                if ticket.order != moment:
                    ticket.order = moment
                    ticket.write(self._workspace)

    def throw_away(self, job_id: str) -> str:
        """Move a training that is not at work into the trash; return the id by which it comes back."""
        with self._lock:
            folder, ticket = self._workspace.find("jobs", job_id), self.ticket(job_id)
            if ticket.process and self._processes.is_alive(ticket.process):
                raise Problem(409, "at_work", "pause the training first")
            if any(other.model == job_id and other.phase == "after" for other in self.tickets()):
                raise Problem(409, "at_work", "another one still needs what this training made")
            about = {"name": ticket.name, "goal": ticket.goal}
            return self._workspace.throw_away("jobs", folder, about, self._workspace.path / "runs" / job_id)

    def needing(self, set_id: str) -> int:
        """Return how many trainings still need a set."""
        at_work = (ticket for ticket in self.tickets() if ticket.phase in ("train", "after"))
        return sum(set_id in (ticket.of, ticket.beside) for ticket in at_work)

    def tick(self) -> None:
        """Note what has ended, and start what is next; called twice a second."""
        with self._lock:
            tickets = self.tickets()
            for ticket in tickets:
                if ticket.process is None:
                    continue
                if self._processes.is_alive(ticket.process):
                    if ticket.told is not None and time.time() - ticket.told > _PATIENCE:
                        self._processes.end(ticket.process)
                else:
                    self._settle(ticket)
            if any(ticket.process for ticket in tickets):
                return
            ready = [ticket for ticket in tickets if self._is_waiting(ticket)]
            if ready:
                self._start(min(ready, key=lambda ticket: ticket.phase != "after"))

    def _go_on(self) -> None:
        while not self._end.wait(_EVERY):
            try:
                self.tick()
            except (LatenteError, OSError) as error:  # a full disk, a folder that was taken away: told on the page
                self.trouble = str(error)
            else:
                self.trouble = None

    def _wish(self, job_id: str, wish: str) -> None:
        with self._lock:
            ticket = self.ticket(job_id)
            if ticket.phase != "train":
                raise Problem(409, "nothing_to_stop", "there is nothing to stop here")
            if wish == "stop" and not ticket.process and not self._has_model(ticket):
                raise Problem(409, "nothing_to_keep", "this training has not made anything yet")
            ticket.wish = wish
            if ticket.process:
                ticket.told = ticket.told or time.time()
                self._processes.ask_to_stop(ticket.process)
            elif wish == "stop":
                ticket.phase = "after"
            ticket.write(self._workspace)

    @staticmethod
    def _is_waiting(ticket: Ticket) -> bool:
        if ticket.process:
            return False
        return ticket.phase == "after" or (ticket.phase == "train" and ticket.wish == "run")

    def _start(self, ticket: Ticket) -> None:
        """Start what the ticket needs next: its training, or one of the steps after it."""
        folder = ticket.folder(self._workspace)
        if ticket.phase == "train":
            piece = self._piece(ticket)
            if piece is not None:
                self._begin(ticket, self._training(ticket, piece), folder / "train.json")
                return
            ticket.phase = "after"  # all was done before
        step = self._next_step(ticket)
        if step is None:
            ticket.phase = "done"
            ticket.write(self._workspace)
            return
        ticket.tried.append(step.name)
        self._begin(ticket, list(step.arguments), folder / f"{step.name}.out")

    def _begin(self, ticket: Ticket, arguments: list[str], out: Path) -> None:
        log = ticket.log(self._workspace)
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{_PROMPT}{shlex.join(['latente', *arguments])}\n")  # what it says comes below
        ticket.process = self._processes.start(self._command(arguments), out, log, ticket.language)
        ticket.told = None
        ticket.write(self._workspace)

    def _training(self, ticket: Ticket, piece: Piece) -> list[str]:
        """Return the arguments that begin a piece of an order, or go on with it."""
        ticket.at = piece.name
        run = ticket.run(self._workspace)
        if piece.result is not None:  # the same command goes on where it was
            return list(piece.begin)
        if run.options_file.exists():
            return ["resume", str(run.path), "--json"]
        if run.path.exists():  # of one that was ended before it had begun
            shutil.rmtree(run.path)
        return list(piece.begin)

    def _pieces(self, ticket: Ticket) -> list[Piece]:
        return pieces_of(self._workspace, ticket)

    def _piece(self, ticket: Ticket) -> Piece | None:
        """Return the next piece of an order that is not done, and has not failed; None where there is none left."""
        left = (piece for piece in self._pieces(ticket) if piece.name not in ticket.failures)
        return next((piece for piece in left if not is_done(piece)), None)

    def _next_step(self, ticket: Ticket) -> Step | None:
        for step in self._all_steps(ticket):
            if step.name not in ticket.tried and not step.product.exists():
                return step
        return None

    def _settle(self, ticket: Ticket) -> None:
        """Note how what worked on the ticket has ended."""
        ticket.process = None
        if ticket.phase == "train":
            self._settle_training(ticket)
        elif ticket.phase == "after" and ticket.tried:
            steps = {step.name: step for step in self._all_steps(ticket)}
            step = steps.get(ticket.tried[-1])
            if step is not None and not step.product.exists():
                ticket.failures[step.name] = self._last_words(ticket)
        ticket.write(self._workspace)

    def _all_steps(self, ticket: Ticket) -> list[Step]:
        order = orders.order_of(self._workspace, ticket)
        return plans.use(order) if ticket.model else plans.after_training(order)

    def _settle_training(self, ticket: Ticket) -> None:
        pieces = self._pieces(ticket)
        piece = next((piece for piece in pieces if piece.name == ticket.at), pieces[0])
        status = Run(piece.run).status() or {}
        state = status.get("state")
        if is_done(piece):
            _keep_picture(piece)
        elif state == "failed" or (ticket.wish == "run" and state is None):  # or it refused before it had begun
            error = status.get("error") or self._last_words(ticket)
            if len(pieces) == 1:
                ticket.phase, ticket.error = "failed", error
                return
            ticket.failures[piece.name] = error  # the others may be sound
        elif ticket.wish == "run":
            # refused to go on, or ended by another hand or with the machine: nothing is lost
            if self._said(ticket).lstrip().startswith("error:"):
                ticket.error = self._last_words(ticket)
            ticket.wish = "pause"
        if (ticket.wish == "stop" and self._has_model(ticket)) or self._piece(ticket) is None:
            ticket.phase = "after"
        if ticket.phase == "after" and len(ticket.failures) == len(pieces):
            ticket.phase, ticket.error = "failed", next(iter(ticket.failures.values()))

    def _has_model(self, ticket: Ticket) -> bool:
        """Whether there is something to keep: a model, or a painted picture."""
        if ticket.at:
            return any(map(is_done, self._pieces(ticket)))
        return (ticket.run(self._workspace).model / "model.json").exists()

    def _last_words(self, ticket: Ticket) -> str:
        return last_line(self._said(ticket))

    def _said(self, ticket: Ticket) -> str:
        """Return what the command that was started last has said, as far as that is not too long."""
        try:
            log = ticket.log(self._workspace).read_bytes()
        except OSError:
            return ""
        last = f"\n{log[-_LONGEST_LOG:].decode('utf-8', 'replace')}".rpartition(f"\n{_PROMPT}")
        return last[2].partition("\n")[2] if last[1] else last[2]


def _keep_picture(piece: Piece) -> None:
    """Put what was painted where it is wanted: a painting that was gone on with leaves it in its run alone."""
    painted = piece.run / PICTURE
    if piece.picture is not None and not piece.picture.exists() and painted.exists():
        with replacing(piece.picture) as temporary:
            shutil.copyfile(painted, temporary)
