"""`latente data clean`: what is wrong in a folder of pictures, on a page and as a list of what to leave out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from latente import words
from latente.cli.shared import console as show
from latente.cli.shared.help import examples
from latente.cli.shared.options import ForceFlag, JsonFlag, LanguageOption, SplitOption, door_options
from latente.cli.shared.outputs import refuse_used
from latente.errors import InputError
from latente.languages import say

if TYPE_CHECKING:
    from latente.culling import Findings
    from latente.images import Images

__all__ = ["verb"]

verb = typer.Typer()

NAMED = 3  # of each reason, in the terminal
PICTURED = 300  # of each reason, on the page; of more the names alone

FolderArgument = Annotated[
    str, typer.Argument(metavar="FOLDER", help="Folder or zip archive of pictures.", show_default=False)
]
ListOption = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="The .txt file to write; the page beside it is called alike.")
]


@verb.command(
    epilog=examples(
        "latente data clean photos/",
        "latente data clean scans.zip --out scans.txt --json",
    )
)
def clean(
    folder: FolderArgument,
    out: ListOption = Path("cleaning.txt"),
    split: SplitOption = None,
    lang: LanguageOption = None,
    as_json: JsonFlag = False,
    force: ForceFlag = False,
) -> None:
    """Find what does not belong into a folder.

    Damaged files, copies and near copies, tiny pictures, odd shapes, blank, dark and blurred ones; and the oddest,
    which stay unless you say otherwise. Writes the names to leave out, one a line, and a page to look at them and to
    choose anew; `latente fit --exclude` reads either list. Nothing is moved or deleted.
    """
    from latente.culling import look_over
    from latente.files import replacing
    from latente.images import open_images

    if out.suffix.lower() != ".txt":
        raise InputError(f"--out {out}: this verb writes a list of names; name a .txt file")
    refuse_used(out, force)
    page = out.with_suffix(".html")
    refuse_used(page, force)
    with show.progress() as step:
        door = door_options(split=split)
        images = open_images(folder, size="keep", progress=step, **door, budget=1.0)  # what is damaged is to be told
        if not images.files:
            raise InputError(
                f"{folder} holds no picture files, which a list could name; give a folder or a zip archive"
            )
        found = look_over(images, progress=step)
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in found.left_out), encoding="utf-8")
    _write_page(page, images, found, _without(folder, out), split, lang)
    _tell(images, found, folder, out, page, as_json)


def _without(folder: str, out: Path) -> str:
    return shlex.join(["latente", "fit", folder, "--exclude", str(out)])


def _write_page(
    page: Path, images: Images, found: Findings, line: str, split: str | None, language: str | None
) -> None:
    from latente.culling import REASONS, Candidate, thumbnails, write_page

    by_reason = [[finding for finding in found.entries if finding.reason == reason] for reason in REASONS]
    rows = list({finding.row for entries in by_reason for finding in entries[:PICTURED] if finding.row is not None})
    looks: dict[int | None, str] = dict(zip(rows, thumbnails(images, rows), strict=True))
    left_out = set(found.left_out)
    candidates = [
        Candidate(
            name=finding.name,
            note=finding.note,
            picture=looks.get(finding.row, ""),
            is_out=finding.name in left_out,
            group=say(finding.reason.capitalize()),
        )
        for entries in by_reason
        for finding in entries
    ]
    notices = [say("Nothing was moved or deleted.")]
    if left_out:
        template = "Nothing was moved or deleted. To train without what is marked here from the start: `{line}`"
        notices = [say(template, line=line)]
    template = "{some} of {all} pictures are {reason}: that is how this set is, and held against none."
    notices += [
        say(template, some=number, all=len(images), reason=say(reason)) for reason, number in found.common.items()
    ]
    if "odd" in found.counts():
        template = "The odd ones are the least like all others. They stay, unless you leave them out here."
        notices.append(say(template))
    others = [part for part in images.parts if part != (split or "train")]
    if others:
        template = "Only the part {part} was looked at; --split chooses another: {others}."
        notices.append(say(template, part=split or "train", others=", ".join(others)))
    facts = {
        say("pictures"): words.figure(len(images)),
        say("left out"): words.count(len(left_out), "file"),
        **{say(reason): words.figure(number) for reason, number in found.counts().items()},
    }
    names = [*dict.fromkeys(words.printable(file) for file in images.files)]
    title = say("cleaning")
    write_page(page, title, images.name, candidates, names, facts=facts, notices=notices, language=language)


def _tell(images: Images, found: Findings, folder: str, out: Path, page: Path, as_json: bool) -> None:
    if as_json:
        entries = [
            {"file": finding.name, "reason": finding.reason, "note": finding.note, "left_out": finding.is_out}
            for finding in found.entries
        ]
        facts = {"images": folder, "pictures": len(images), "ranked": found.ranked, "common": found.common}
        show.print_json({**facts, "findings": entries, "left_out": found.left_out, "list": out, "page": page})
        return
    from latente.images.scan import listed

    lines = [("pictures", f"{len(images):,}")]
    for reason, number in found.counts().items():
        told = [finding for finding in found.told if finding.reason == reason]
        named = listed((f"{words.brief(finding.name)} ({finding.note})" for finding in told), NAMED)
        lines.append((reason, f"{number:,}: {named}"))
    lines += [
        (reason, f"{number:,}, which is how this set is, and held against none")
        for reason, number in found.common.items()
    ]
    lines += [
        ("left out", f"{words.count(len(found.left_out), 'name')}, of which nothing was moved or deleted"),
        ("wrote", f"{out}, {page}"),
    ]
    if found.left_out:
        lines.append(("then", _without(folder, out)))
    show.console().print(show.pairs(lines))
