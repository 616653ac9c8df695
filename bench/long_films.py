"""A recipe on hour-long films, killed at random moments and continued: is the result that of a run that was left alone?

    python bench/long_films.py --clips FOLDER --films 3 --hours 1 --kills 20

The folder of films is made first: the clips given, long films of Clapperboard scenes, one of a minute. The recipe runs
once to its end; then with another number of processes it is killed with -9, with all its processes, at moments drawn by
a seed, and started again; a run that ends before it is killed is compared and the next begins with nothing. What the
last one left is verified by two decoders, encoded, read, and trained on, all by the commands that a user has; then the
memory of each stage is measured for a film of a minute and a long one. Everything lies in --folder. The bench stops
after --minutes and goes on when the same command is given again, until it has its table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _results
from _films import LONG_FORMS, make_long_film
from _killing import Clock, Notes, OutOfTimeError, contents, differing, doing, done, ended, moment, unfinished

from phonofilm.data.ingest.checking import Checking, DecoderName, checking
from phonofilm.data.ingest.pool import Limits, Pool
from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Failure
from phonofilm.data.ingest.scan import SUFFIXES
from phonofilm.data.ingest.stats import Tally, stats
from phonofilm.data.ingest.workspace import Workspace

if TYPE_CHECKING:
    from phonofilm.data.packed.windows import ClipWindows

# PyTorch is imported where it is used: processes whose memory is measured import this file too.
AGAIN = 75
"""Exit status of a piece that was not the last: EX_TEMPFAIL of sysexits.h."""
MODEL = "svg-tiny"
BATCH = 16
MINUTE = "minute.mp4"


@dataclass(frozen=True)
class Place:
    """What one preparation leaves.

    Attributes:
        folder: that holds it.
    """

    folder: Path

    @property
    def packed(self) -> Path:
        """Folder of shards."""
        return self.folder / "packed"

    @property
    def work(self) -> Path:
        """Work folder."""
        return self.folder / "packed.work"

    def contents(self) -> dict[str, str]:
        """Digests of both."""
        return contents((self.packed, self.work))


@dataclass(frozen=True)
class Bench:
    """One piece of the bench.

    Attributes:
        given: the options.
        notes: what was found so far.
        clock: how long it may take.
    """

    given: argparse.Namespace
    notes: Notes
    clock: Clock

    @property
    def films(self) -> Path:
        """Folder of the films."""
        return self.given.folder / "films"

    @property
    def log(self) -> Path:
        """What the commands say."""
        return self.given.folder / "log.txt"

    @property
    def whole(self) -> Place:
        """What the run left that was left alone."""
        return Place(self.given.folder / "whole")

    def killed(self, number: int) -> Place:
        """What a run left that was killed."""
        return Place(self.given.folder / f"killed-{number}")

    @property
    def last(self) -> Place:
        """What the last of these left."""
        return self.killed(len(self.notes.found["rounds"]) - 1)

    def command(self, place: Place, workers: int) -> list[object]:
        """All of the recipe."""
        place.folder.mkdir(exist_ok=True)
        run = ["prepare", "run", self.given.recipe, self.films, "-o", place.packed]
        return [*run, "--workers", workers, "--max-bad", self.given.max_bad]


def make_films(bench: Bench) -> dict[str, int]:
    """The folder of films; those that are there stay."""
    given = bench.given
    bench.films.mkdir(parents=True, exist_ok=True)
    clips = [] if given.clips is None else [p for p in given.clips.iterdir() if p.suffix.lower() in SUFFIXES]
    for path in clips:
        link = bench.films / path.name
        if not link.exists():
            link.symlink_to(path.resolve())
    lengths = {MINUTE: Fraction(60)}
    for number in range(given.films):
        lengths[f"long-{number}{LONG_FORMS[number % len(LONG_FORMS)].suffix}"] = given.hours * 3600
    for number, (name, seconds) in enumerate(lengths.items()):
        if not (bench.films / name).exists():
            bench.clock.left()
            # the film of a minute has the first long film's form, so that their length is all that differs
            make_long_film(bench.films / name, LONG_FORMS[max(number - 1, 0) % len(LONG_FORMS)], seconds, number)
    return {"given files": len(clips), "of a minute": 1, f"of {float(given.hours):.3g} hours": given.films}


def left_alone(bench: Bench) -> float:
    """Wall seconds of the run that nothing stops."""
    shutil.rmtree(bench.whole.folder, ignore_errors=True)
    try:
        return done(bench.command(bench.whole, bench.given.workers), bench.log, bench.clock)
    except OutOfTimeError:
        print("the run that is left alone needs more than was left of --minutes", file=sys.stderr)
        raise


def kill(bench: Bench) -> None:
    """Kill and continue until that was often enough, then let the last run end."""
    notes, given = bench.notes, bench.given
    kills, rounds = notes.found.setdefault("kills", []), notes.found.setdefault("rounds", [])
    longest = notes.found["left alone"] * given.workers / given.killed_workers
    wanted = bench.whole.contents()
    while not rounds or rounds[-1]["kills"] < given.kills:
        place = bench.killed(len(rounds))
        command = bench.command(place, given.killed_workers)
        if len(kills) < given.kills:
            seconds = moment(given.seed, len(kills), longest)
            bench.clock.left(seconds)
        else:
            seconds = bench.clock.left()
        status = ended(command, bench.log, seconds)
        if status is None:
            if len(kills) == given.kills:
                raise OutOfTimeError
            at = doing(place.work, place.packed)
            kills.append({"round": len(rounds), "after s": round(seconds, 2), "doing": at})
            notes.keep("kills", kills)
        elif status:
            sys.exit(f"the run in {place.folder} ended with status {status}: see {bench.log}")
        else:
            found = place.contents()
            left = unfinished((place.packed, place.work))
            differ = differing(wanted, found)
            rounds.append({"kills": len(kills), "files": len(found), "differing": differ, "unfinished": left})
            notes.keep("rounds", rounds)
            if len(kills) < given.kills:
                shutil.rmtree(place.folder)


def verified(bench: Bench) -> dict[str, Any]:
    """What both decoders find in every clip."""
    place = bench.last
    options = ["--decoder", "both", "--packed", place.packed, "--workers", bench.given.killed_workers]
    seconds = done(["prepare", "verify", place.work, *options], bench.log, bench.clock)
    said = [
        line
        for line in bench.log.read_text(encoding="utf-8", errors="replace").splitlines()
        if "could be judged" in line
    ]
    return {line.partition(": ")[0]: line.partition(": ")[2] for line in said[-2:]} | {"s of the last piece": seconds}


def encoded(bench: Bench) -> dict[str, Any]:
    """Latents beside the clips."""
    seconds = done(["prepare", "encode", bench.last.packed, "--leave-short"], bench.log, bench.clock)
    return {"windows": len(clip_windows(bench).clip), "s of the last piece": seconds}


def clip_windows(bench: Bench) -> ClipWindows:
    """Windows of the films."""
    from phonofilm import models
    from phonofilm.data.packed.folder import Packed
    from phonofilm.data.packed.windows import ClipWindows, Cutting

    return ClipWindows(Packed(bench.last.packed), Cutting(models.load(MODEL).shape), leave_short=True)


def read_latents(bench: Bench) -> dict[str, Any]:
    """Every window of latents, once."""
    from phonofilm.data.packed.latent_shards import DESCRIPTION
    from phonofilm.data.packed.loader import Loader

    (folder,) = (path.parent.name for path in bench.last.packed.glob(f"*/{DESCRIPTION}"))
    loader = Loader.open(bench.last.packed, latents=folder, batch=BATCH)
    start = time.perf_counter()
    counts: Counter[str] = Counter()
    for batch in loader:
        if not all(bool(side.all()) for side in batch.present):
            sys.exit(f"a window of {batch.keys} lacks a side")
        counts.update(batch.keys)
    seconds = time.perf_counter() - start
    names = loader.windows.packed.table["clip_id"].to_pylist()
    due = Counter(names[index] for index in loader.windows.clip)
    if counts != due:
        sys.exit("the loader did not give every window once")
    return {"windows read, each once": counts.total(), "windows a s": counts.total() / seconds}


def read_films(bench: Bench) -> dict[str, Any]:
    """Every window decoded from the packed films; a loader that was stopped goes on in the next piece."""
    from phonofilm.data.packed.loader import Loader

    loader = Loader(clip_windows(bench), BATCH, workers=bench.given.workers)
    so_far = bench.notes.found.get("films so far")
    read, stops = 0, 0
    if so_far is not None:
        loader.load_state_dict(so_far["state"])
        read, stops = so_far["read"], so_far["stops"] + 1
    for batch in loader:
        read += len(batch)
        try:
            bench.clock.left()
        except OutOfTimeError:
            if loader.done < len(loader):
                bench.notes.keep("films so far", {"state": loader.state_dict(), "read": read, "stops": stops})
                raise
    return {"windows decoded": read, "of": len(loader.windows.clip), "stopped and continued": stops}


def trained(bench: Bench) -> dict[str, Any]:
    """A few steps on the latents."""
    folder, steps = bench.given.folder / "train", bench.given.steps
    options = [f"latents={bench.last.packed}", f"clips={steps * BATCH}", f"batch={BATCH}", "warmup=0"]
    done(["train", MODEL, *options, "validate_every=0", "-o", folder], bench.log, bench.clock)
    lines = map(json.loads, (folder / "log.jsonl").read_bytes().splitlines())
    losses = {line["step"]: line for line in lines if "step" in line}
    first, last = losses[min(losses)], losses[max(losses)]
    return {"steps": max(losses)} | {
        f"{name} of the first and the last step": [first[name], last[name]]
        for name in first
        if name.startswith("loss/")
    }


def peak_of(work: tuple[Callable[[Any, Any], Any], Any], job: Any) -> int:
    """Bytes that this process held at most, once it has done the job; only Linux tells.

    Not ``ru_maxrss``, which a process inherits from the one that starts it.
    """
    work[0](work[1], job)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def memory(bench: Bench) -> dict[str, dict[str, float]]:
    """Peak MiB of a process that does one stage of one film."""
    space = Workspace.open(bench.whole.work)
    ledger = space.ledger()
    cut = {film.row.path: film for film in space.to_cut(ledger).values()}
    pack = space.cutting.settings
    check = checking(Checking.model_validate({"pack": pack, "decoder": DecoderName.LIBRARY}), space.cutting.key)
    ids = {row.path: row.source_id for row in space.used.values()}
    scan, split, score = ({film.path: film for film in space.to_scan().values()}, space.to_split(), space.to_score())
    found: dict[str, dict[str, float]] = {}
    long = f"long-0{LONG_FORMS[0].suffix}"
    for path, length in ((MINUTE, "a minute"), (long, f"{float(bench.given.hours):.3g} hours")):
        with tempfile.TemporaryDirectory(dir=bench.given.folder) as folder:
            for stage, job in (
                (space.scanning, scan[path]),
                (space.splitting, split[ids[path]]),
                (space.scoring, score[ids[path]]),
                (space.cutting, replace(cut[path], folder=Path(folder))),
                (check, cut[path]),
            ):
                name = f"memory of {stage.name}, {path}"
                row = found.setdefault(stage.name, {})
                row[length] = bench.notes.once(name, lambda s=stage, j=job: peak(bench.clock, s, j))
    return found


def peak(clock: Clock, stage: Any, job: Any) -> float:
    """MiB of one job in a process of its own."""
    limits = Limits(clock.left())
    ((_, held),) = Pool(1)(peak_of, (stage.work, stage.settings), {"": job}, limits)
    if isinstance(held, Failure):
        if held.reason is Reason.TIMEOUT:
            raise OutOfTimeError
        sys.exit(f"{stage.name}: {held.message}")
    return held / 2**20


def counted(bench: Bench) -> dict[str, Any]:
    """What came of the films."""
    space = Workspace.open(bench.last.work)
    numbers = stats(space.after_cutting(space.ledger()))
    return {
        "films used": f"{numbers.sources_used} of {numbers.sources}",
        "films left out": left_out(numbers.films_left_out),
        "clips used": f"{numbers.clips_used} of {numbers.clips}",
        "clips left out": left_out(numbers.clips_left_out),
        "hours": float(numbers.hours),
        "subsets": {share.subset.value: f"{share.sources} films, {share.clips} clips" for share in numbers.shares},
    }


def table(bench: Bench) -> dict[str, Any]:
    """All that was found."""
    found, given = bench.notes.found, bench.given
    kills, rounds = found["kills"], found["rounds"]
    return {
        "films": found["films"],
        "result": found["result"],
        "runs": {
            f"left alone, {given.workers} processes: s": found["left alone"],
            f"killed with -9, {given.killed_workers} processes: times": len(kills),
            "killed after s": [kill["after s"] for kill in kills],
            "killed while at": dict(Counter(kill["doing"] for kill in kills)),
            "runs that ended": len(rounds),
            "files compared in each": rounds[-1]["files"],
            "files that differ, in all": sum(len(one["differing"]) for one in rounds),
            "files begun and left behind, in all": sum(len(one["unfinished"]) for one in rounds),
        },
        "verified": found["verified"],
        "encoded": found["encoded"],
        "read": found["latents"] | found["windows"],
        "trained": found["trained"],
        "MiB of a process at its peak": found["memory"],
    }


def left_out(tallies: tuple[Tally, ...]) -> str:
    """Counts by stage and reason, in words."""
    return ", ".join(f"{tally.count} {tally.reason.value} ({tally.stage})" for tally in tallies) or "none"


def measure(bench: Bench) -> dict[str, Any]:
    """All steps, as far as they are not done yet.

    Raises:
        OutOfTimeError: if there is not time for all.
    """
    once = bench.notes.once
    once("films", lambda: make_films(bench))
    once("left alone", lambda: left_alone(bench))
    kill(bench)
    for name, step in (
        ("result", counted),
        ("verified", verified),
        ("encoded", encoded),
        ("latents", read_latents),
        ("windows", read_films),
        ("memory", memory),
        ("trained", trained),
    ):
        bench.clock.left()
        once(name, lambda step=step: step(bench))
    return table(bench)


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("runs/long-films"), help="everything lies here, and stays")
    parser.add_argument("--clips", type=Path, help="folder of real films that come in beside")
    parser.add_argument("--films", type=int, default=3, help="long films")
    parser.add_argument("--hours", type=Fraction, default=Fraction(1), help="length of one; 1/60 for a try")
    parser.add_argument("--recipe", default="concerts-around-the-globe")
    parser.add_argument("--max-bad", type=float, default=0.5, help="share of bad films that is borne")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--workers", type=int, default=1, help="processes of the run that is left alone")
    parser.add_argument("--killed-workers", type=int, default=2, help="processes of the one that is killed")
    parser.add_argument("--steps", type=int, default=4, help="of training")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop then, to be continued")
    _results.add_write(parser)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    given = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no command is left running
    given.folder.mkdir(parents=True, exist_ok=True)
    passing = ("minutes", "write", "folder")
    settings = {name: str(value) for name, value in vars(given).items() if name not in passing}
    notes = Notes(given.folder / "notes.json", settings)
    bench = Bench(given, notes, Clock(time.monotonic() + 60 * given.minutes))
    try:
        result = measure(bench)
    except OutOfTimeError:
        print(f"not done yet ({', '.join(list(notes.found)[1:])} so far): give the same command again", file=sys.stderr)
        sys.exit(AGAIN)
    note = (
        f"Recipe {given.recipe} through `phonofilm prepare run`; moments drawn with seed {given.seed}, evenly over the "
        "time that a run takes; every run that ended is held against the one that was left alone, byte by byte: "
        "packed folder and work folder without the journals. Then `verify`, `encode`, the loader and `train`. Wall "
        f"times with {os.cpu_count()} cores that may have had other work."
    )
    _results.publish("long-films", "Long films, killed and continued", note, result, given.write)


if __name__ == "__main__":
    main()
