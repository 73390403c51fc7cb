# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Faults by the thousand: what is noticed, how soon, what it costs, and that nothing hangs, lingers or is lost.

Every kind of fault is injected at random ticks of `echo` episodes. Where the pool is to go on by itself, the frames of all episodes
are compared byte for byte with those of an undisturbed run. `detection_ms` is the time from a fault to the pool's knowledge of it,
less the limit that was set for it (a simulator that is stopped is hung after 0.5 s here, a worker that is silent is lost after 2 s).
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from rogues import SpoilingWorker, stray_bytes, stray_frames

from ns3marl import config as configuration
from ns3marl.env.pool import Pool
from ns3marl.env.remote import LOST_S
from ns3marl.errors import CheckpointError, Ns3MarlError
from ns3marl.executables import find_scenario
from ns3marl.protocol import codec
from ns3marl.types import Actions, Batch

TICKS, HUNG_S, HANG_S = 12, 0.5, 60.0
TICK_S, UNNOTICED_S = 0.005, 5.0
PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h
ARGUMENTS = (f"--ticks={TICKS}", "--masked=true")


@dataclass
class Kind:
    """One kind of fault and what came of it."""

    name: str
    outcome: str  #: what has to happen
    injected: int = 0
    detection_ms: list[float] = field(default_factory=list)
    lost: int = 0  #: episodes that differ or are missing
    hangs: int = 0
    unnoticed: int = 0


def fill_inactive(batch: Batch) -> list[Actions]:
    """What `echo` asks for."""
    return [
        Actions(group.observations[..., 0:1].astype(np.int32), group.observations[..., 1:2])
        for group in batch.groups
    ]


class Transcript:
    """The frames of episodes, by RngRun."""

    def __init__(self) -> None:
        self.frames: dict[int, list[bytes]] = {}

    def note(self, env: int, run: int, frame: bytes) -> None:
        """For ``Pool(on_frame=...)``."""
        del env
        self.frames.setdefault(run, []).append(frame)

    def differing(self, right: Transcript) -> int:
        """How many episodes differ from the right ones, or are missing; the last ones may be unfinished."""
        last = max(self.frames)
        return sum(
            self.frames.get(run, [])[: TICKS + 1]
            != right.frames[run][: len(self.frames.get(run, [])) if run > last - 3 else TICKS + 1]
            for run in range(1, last + 1)
        )


def play(
    pool: Pool, kind: Kind, number: int, inject: Callable[[Pool], bool | None], limit_s: float = 0.0
) -> None:
    """Plays episodes and injects a fault at a random tick of every one.

    Args:
        pool: with restarts.
        kind: notes what happened.
        number: of faults.
        inject: does it; says whether the pool must notice, or None when there was nothing to do it to.
        limit_s: set for the fault.
    """
    rng = np.random.default_rng(0)
    batch = pool.reset()
    for _ in range(number):
        for _ in range(rng.integers(1, TICKS)):
            batch = pool.step(fill_inactive(batch))
        before, started_s = pool.timing.losses, time.monotonic()
        to_notice = inject(pool)
        kind.injected += to_notice is not None
        while to_notice:
            time.sleep(TICK_S)  # a worker takes a moment to hear that it is to end
            pool.send(batch.env_id, fill_inactive(batch))
            while pool.timing.losses == before and len(pool._ready) < pool.num_envs:  # noqa: SLF001 - to tell when it is known
                pool._receive()  # noqa: SLF001
                if time.monotonic() - started_s > HANG_S:
                    kind.hangs += 1
                    return
            known_s = time.monotonic()
            batch = pool.recv(pool.num_envs)
            if pool.timing.losses > before:
                kind.detection_ms.append(max(0.0, 1000 * (known_s - started_s - limit_s)))
                break
            if time.monotonic() - started_s > limit_s + UNNOTICED_S:
                kind.unnoticed += 1
                break


def undisturbed(runs: int) -> Transcript:
    """The right frames of episodes 1 to ``runs``."""
    right = Transcript()
    with Pool("echo", num_envs=2, arguments=ARGUMENTS, on_frame=right.note) as pool:
        batch = pool.reset()
        ended = 0
        while ended < runs:
            batch = pool.step(fill_inactive(batch))
            ended += sum(final is not None for final in batch.final)
    return right


@contextmanager
def disturbed(kind: Kind, right: Transcript, **options: object) -> Iterator[Pool]:
    """A pool whose episodes are held against the right ones."""
    seen = Transcript()
    settings: dict[str, object] = {"num_envs": 2, "arguments": ARGUMENTS, "restarts": 50, **options}
    with Pool("echo", on_frame=seen.note, **settings) as pool:  # type: ignore[arg-type] # options of several types
        yield pool
    kind.lost += seen.differing(right)


def signalled(number: signal.Signals) -> Callable[[Pool], bool]:
    """Sends a signal to the simulator of environment 0."""

    def inject(pool: Pool) -> bool:
        os.kill(pool.pids[0], number)
        return True

    return inject


def slowed(pool: Pool) -> bool:
    """Stops the simulator of environment 0 for less than the limit."""
    os.kill(pool.pids[0], signal.SIGSTOP)
    threading.Timer(HUNG_S / 5, os.kill, (pool.pids[0], signal.SIGCONT)).start()
    return False


def spare_killed(pool: Pool) -> bool | None:
    """Kills a simulator that serves no episode yet, if there is one: the one before is replaced when it would be needed."""
    for peer in pool._simulators:  # noqa: SLF001 - nobody else tells of spares
        if peer.env is None and peer.process.is_alive():
            os.kill(peer.process.pid, signal.SIGKILL)
            return False
    return None


class WorkerProcesses:
    """Workers that are started anew when they have been killed."""

    def __init__(self, endpoint: str, number: int) -> None:
        self._endpoint = endpoint
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._stopped: list[int] = []  # simulators that could not end if they wanted to
        self.running = [self._start() for _ in range(number)]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "ns3marl.cli",
            "serve",
            "echo",
            f"--connect={self._endpoint}",
            "--slots=2",
        ]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def signal(self, number: signal.Signals, pool: Pool) -> bool:
        """Signals the worker of environment 0, and has a new one take its place."""
        self.bury()
        for worker in list(self.running):
            launched = children(worker.pid)
            if pool.pids[0] in launched:
                for pid in launched if number == signal.SIGSTOP else []:
                    os.kill(pid, number)
                    self._stopped.append(pid)
                worker.send_signal(number)
                if number == signal.SIGTERM:
                    worker.wait(10)  # it takes a moment, in which episodes would go on
                self.running.remove(worker)
                self._leaving.append(worker)
                self.running.append(self._start())
                return True
        raise RuntimeError("no worker serves environment 0")

    def bury(self) -> None:
        """Ends those that were signalled."""
        for worker in self._leaving:
            worker.kill()
            worker.wait()
        for pid in self._stopped:  # without a worker they end by themselves
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._leaving.clear()
        self._stopped.clear()

    def close(self) -> None:
        """Ends all."""
        self.bury()
        for worker in self.running:
            worker.terminate()
            worker.wait()


def children(pid: int) -> list[int]:
    """The children of a process that are alive."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [child for child in map(int, text.split()) if is_alive(child)]


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # gone before or while it was read
        return False
    return state != "Z"


def adopt_orphans() -> None:
    """Whatever is left without a parent becomes a child of this process, where ``main`` counts it."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def await_ends(pids: list[int], kind: Kind) -> None:
    """Notes how long processes live on that have just lost their learner."""
    started_s = time.monotonic()
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() - started_s > HANG_S:
            kind.hangs += 1
            return
        time.sleep(0.002)
    kind.detection_ms.append(1000 * (time.monotonic() - started_s))


# -------------------------------------------------------------------------------------------------------------- kinds


def processes(scale: float, right: Transcript, folder: Path) -> Iterator[Kind]:
    """Simulators that the learner launched."""
    del folder
    for name, number, times in (
        ("simulator killed", signal.SIGKILL, 250),
        ("simulator crashes (SIGSEGV)", signal.SIGSEGV, 150),
        ("simulator terminated", signal.SIGTERM, 100),
    ):
        kind = Kind(name, "restarted")
        with disturbed(kind, right) as pool:
            play(pool, kind, int(times * scale), signalled(number))
        yield kind
    kind = Kind("spare killed", "replaced")
    with disturbed(kind, right) as pool:
        play(pool, kind, int(100 * scale), spare_killed)
    yield kind
    kind = Kind("simulator stopped (SIGSTOP)", "restarted")
    with disturbed(kind, right, tick_timeout_s=HUNG_S) as pool:
        play(pool, kind, max(1, int(20 * scale)), signalled(signal.SIGSTOP), HUNG_S)
    yield kind
    kind = Kind("simulator slow (0.1 s for a tick)", "waited for")
    with disturbed(kind, right, tick_timeout_s=HUNG_S) as pool:
        play(pool, kind, int(50 * scale), slowed)
    yield kind


def remote(scale: float, right: Transcript, folder: Path) -> Iterator[Kind]:
    """Simulators of workers, and the workers themselves."""
    endpoint = f"ipc://{folder}/dialled"
    workers = WorkerProcesses(endpoint, 2)
    kind = Kind("simulator of a worker killed", "restarted")
    with disturbed(kind, right, endpoint=endpoint, spawn=False) as pool:
        play(pool, kind, int(150 * scale), signalled(signal.SIGKILL))
    yield kind
    for name, number, times, limit_s in (
        ("worker leaves (SIGTERM)", signal.SIGTERM, 20, 0.0),
        ("worker killed", signal.SIGKILL, 20, LOST_S),
        ("worker and simulators stopped, as by a partition", signal.SIGSTOP, 10, LOST_S),
    ):
        kind = Kind(name, "restarted")
        with disturbed(kind, right, endpoint=endpoint, spawn=False) as pool:
            play(pool, kind, max(1, int(times * scale)), partial(workers.signal, number), limit_s)
        yield kind
    workers.close()


def noise(scale: float, right: Transcript, folder: Path) -> Iterator[Kind]:
    """Strangers, and frames that are spoilt on their way."""
    rng = np.random.default_rng(1)
    endpoint = f"ipc://{folder}/noise"
    kind = Kind("unknown sender: no ZMTP, half a frame, 2^63 bytes", "ignored")
    with disturbed(kind, right, endpoint=endpoint) as pool:

        def connect(_: Pool) -> bool:
            stray_bytes(f"{folder}/noise", rng)
            return False

        play(pool, kind, int(200 * scale), connect)
    yield kind
    kind = Kind("unknown sender: random frames, other versions", "ignored")
    with disturbed(kind, right, endpoint=endpoint) as pool:

        def speak(_: Pool) -> bool:
            stray_frames(endpoint, rng)
            return False

        play(pool, kind, int(50 * scale), speak)
    yield kind
    with Pool("echo", arguments=ARGUMENTS) as pool:
        hello, spec = pool.hello, pool.spec
    block = np.zeros(1, spec.layout)
    for name in block.dtype.names or ():
        if name.startswith(("active", "masks")):
            block[name] = True

    def right_frame(tick: int) -> bytes:
        observation = codec.Observation(tick, 0, False, tick == TICKS, block.tobytes(), {}, 0, 0, 0, 0)
        return (
            codec.encode_ready(codec.Ready(spec.hash, observation))
            if tick == 0
            else codec.encode_observation(observation)
        )

    spoils: dict[str, Callable[[bytes], list[bytes]]] = {
        "frame duplicated": lambda frame: [frame, frame],
        "frame truncated": lambda frame: [frame[: int(rng.integers(1, len(frame)))]],
        "frame of a later tick first": lambda frame: [right_frame(2), frame],
        "frame random": lambda frame: [rng.bytes(len(frame))],
    }
    for name, spoil in spoils.items():
        kind = Kind(name, "typed error")
        rogue = SpoilingWorker(endpoint, spec, hello, right_frame, spoil)
        with Pool("echo", arguments=ARGUMENTS, endpoint=endpoint, spawn=False) as pool:
            for _ in range(int(50 * scale)):
                kind.injected += 1
                batch = pool.reset()
                started_s = time.monotonic()
                try:
                    for _ in range(2):  # the second frame of two comes with the next tick
                        batch = pool.step(fill_inactive(batch))
                    kind.lost += 1  # it went unnoticed
                except Ns3MarlError:
                    kind.detection_ms.append(1000 * (time.monotonic() - started_s))
        rogue.leave()
        yield kind


def files(scale: float, right: Transcript, folder: Path) -> Iterator[Kind]:
    """Checkpoints and sockets in the file system."""
    del right
    import torch  # noqa: PLC0415 - takes seconds to import

    from ns3marl.training import checkpoint  # noqa: PLC0415

    torch.set_num_threads(1)
    rng = np.random.default_rng(2)
    config = configuration.load(None, ["training.algorithm=ippo"])
    with Pool("echo", arguments=ARGUMENTS) as pool:
        learner = configuration.team_of(config, pool.spec)
    path = folder / "checkpoints" / "last.pt"
    checkpoint.save(path, learner, config, checkpoint.Progress(7), {})
    whole = path.read_bytes()

    kind = Kind("checkpoint truncated, overwritten or not one", "typed error")
    for _ in range(int(200 * scale)):
        spoilt = bytearray(whole)
        begin = int(rng.integers(len(whole)))
        how = rng.integers(3)
        if how == 0:
            del spoilt[begin:]
        elif how == 1:  # the archive's directory stands at its end
            spoilt[-int(rng.integers(30, 2000)) :] = rng.bytes(500)
        else:
            spoilt = bytearray(rng.bytes(1000))
        path.write_bytes(bytes(spoilt))
        kind.injected += 1
        started_s = time.monotonic()
        try:
            checkpoint.load(path)
            kind.lost += 1  # it went unnoticed
        except CheckpointError:
            kind.detection_ms.append(1000 * (time.monotonic() - started_s))
    yield kind

    path.write_bytes(whole)
    kind = Kind("disk full while a checkpoint is written", "typed error, old one stays")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for _ in range(int(50 * scale)):
        kind.injected += 1
        started_s = time.monotonic()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(rng.integers(len(whole))), before[1]))
        try:
            checkpoint.save(path, learner, config, checkpoint.Progress(8), {})
            kind.lost += 1
        except CheckpointError:
            kind.detection_ms.append(1000 * (time.monotonic() - started_s))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        kind.lost += checkpoint.load(path).progress.updates != 7 or len(list(path.parent.iterdir())) != 1
    yield kind

    kind = Kind("socket file of a killed learner", "replaced")
    for _ in range(int(50 * scale)):
        kind.injected += 1
        stale = folder / "stale"
        with socket.socket(socket.AF_UNIX) as killed:
            killed.bind(str(stale))
        with Pool("echo", arguments=ARGUMENTS, endpoint=f"ipc://{stale}", spares=0) as pool:
            pool.step(fill_inactive(pool.reset()))
    yield kind


def learners(scale: float, right: Transcript, folder: Path) -> Iterator[Kind]:
    """Trainings that are killed and taken up."""
    del right
    kind = Kind("learner killed", "resumed, same weights")
    rng = np.random.default_rng(3)
    train = [
        *(sys.executable, "-m", "ns3marl.cli", "train", "--continue"),
        *("--set", "scenario.name=echo", "--set", "training.algorithm=ippo", "--set", "training.ticks=6000"),
        *(
            "--set",
            "ippo.rollout_ticks=100",
            "--set",
            "training.checkpoint_every=1",
            "--set",
            "training.tensorboard=false",
        ),
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*train, "--out", str(folder / "whole")], check=True, **quiet)  # type: ignore[call-overload] # of one type
    while kind.injected < max(1, int(5 * scale)):
        with subprocess.Popen([*train, "--out", str(folder / "killed")], **quiet) as process:  # type: ignore[call-overload]
            while process.poll() is None and not children(process.pid):
                time.sleep(0.01)
            try:
                process.wait(float(rng.uniform(0, 4)))
                break
            except subprocess.TimeoutExpired:
                simulators = children(process.pid)
                process.kill()
                kind.injected += 1
                await_ends(simulators, kind)
    subprocess.run([*train, "--out", str(folder / "killed")], check=True, **quiet)  # type: ignore[call-overload]
    import torch  # noqa: PLC0415

    whole, killed = (
        torch.load(folder / run / "checkpoints" / "last.pt", weights_only=True)["team"]
        for run in ("whole", "killed")
    )
    kind.lost = int(str(whole) != str(killed))
    yield kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    families: dict[str, Callable[[float, Transcript, Path], Iterator[Kind]]] = {
        "processes": processes,
        "visitors": remote,
        "noise": noise,
        "files": files,
        "learners": learners,
    }
    parser.add_argument("--scale", type=float, default=1.0, help="share of the injections")
    parser.add_argument(
        "--only", nargs="+", choices=families, default=list(families), help="families of faults"
    )
    parsed = parser.parse_args()
    scale: float = parsed.scale
    find_scenario("echo")
    adopt_orphans()
    right = undisturbed(4 * int(300 * scale) + 300)
    kinds: list[Kind] = []
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for family in parsed.only:
            for kind in families[family](scale, right, folder):
                kinds.append(kind)
                noticed = "-"
                if kind.detection_ms:
                    noticed = "{:.1f} ms (p99 {:.1f})".format(*np.percentile(kind.detection_ms, [50, 99]))
                print(
                    f"{kind.name:50} {kind.injected:4} x  noticed in {noticed:23} {kind.outcome:27} "
                    f"lost {kind.lost}  hangs {kind.hangs}  unnoticed {kind.unnoticed}  [{time.monotonic() - started_s:.0f} s]",
                    flush=True,
                )
        time.sleep(1.0)
        sockets = [path for path in folder.iterdir() if path.is_socket()]
    orphans = len(children(os.getpid())) + len(sockets)
    detection = [ms for kind in kinds for ms in kind.detection_ms] or [np.nan]
    print(f"faults_injected: {sum(kind.injected for kind in kinds)} faults")
    print(f"hangs: {sum(kind.hangs for kind in kinds)} faults")
    print(f"orphans: {orphans} processes and sockets")
    print(f"unnoticed: {sum(kind.unnoticed for kind in kinds)} faults")
    print(f"finished_episodes_lost: {sum(kind.lost for kind in kinds)} episodes")
    print(f"detection_ms_p50: {np.percentile(detection, 50):.1f} ms")
    print(f"detection_ms_p99: {np.percentile(detection, 99):.1f} ms")


if __name__ == "__main__":
    main()
