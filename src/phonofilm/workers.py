"""Processes that help with long work and never outlive it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from pebble import ProcessExpired, ProcessPool

from phonofilm.errors import SettingError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
"""Variables that numerical libraries take their number of threads from."""


@contextmanager
def helpers(count: int, prepare: Callable[..., None] | None = None, *arguments: Any) -> Iterator[ProcessPool]:
    """A pool of processes that end with the block: after their work, or at once if the block fails.

    Each computes in one thread (:func:`one_thread`). Each holds the reading end of a pipe whose writing end only this
    process has. It closes when this process dies, even by a signal that cannot be caught; then the helpers leave too.

    Args:
        count: of the processes.
        prepare: called with ``arguments`` in each process before its work.

    Raises:
        SettingError: if one of them was ended from outside, as systems do that run out of memory.
    """
    context = get_context("spawn")  # a forked child of a process with running PyTorch threads can hang
    listening, held = context.Pipe(duplex=False)
    begin = (listening, prepare, arguments)
    with listening, held, ProcessPool(count, initializer=_begin, initargs=begin, context=context) as pool:
        try:
            with _deaf():
                _ = pool.active  # starts the processes now
            yield pool
        except ProcessExpired as error:
            pool.stop()
            raise SettingError(
                "a helping process was ended from outside, probably for want of memory: choose fewer workers"
            ) from error
        except BaseException:
            pool.stop()
            raise


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes and threads that begin during the block, and what they begin, never hear of Ctrl-C.

    It reaches every process of a terminal, and one that is only just importing its modules would show where. The first
    process decides for all.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows has no such masks
        yield
        return
    resource_tracker.ensure_running()  # whoever starts it first has the signal unblocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Ctrl-C during the block is heard at its end: foreign code that calls back into Python swallows it otherwise."""
    if threading.current_thread() is not threading.main_thread():  # the only one that hears of it
        yield
        return
    heard: list[tuple[Any, ...]] = []
    before = signal.signal(signal.SIGINT, lambda *told: heard.append(told))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard and callable(before):
        before(*heard[0])


def one_thread() -> None:
    """Have this process compute in one thread, so that as many processes as cores do not get in each other's way."""
    from threadpoolctl import threadpool_limits

    os.environ.update(dict.fromkeys(THREADS, "1"))  # for libraries that are loaded from now on
    threadpool_limits(1)  # for those that are there


def may_thread() -> bool:
    """Whether this process may compute in several threads."""
    return os.environ.get(THREADS[0]) != "1"


def leave_with(listening: Connection) -> None:
    """End this process when the other end of a pipe is closed, as it is when the process that holds it dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the first decides
    threading.Thread(target=_leave_at_the_end_of, args=(listening,), daemon=True).start()


def _begin(listening: Connection, prepare: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    leave_with(listening)
    one_thread()
    if prepare is not None:
        prepare(*arguments)


def _leave_at_the_end_of(pipe: Connection) -> None:
    """End this process, whatever its other threads do, when the pipe is closed at its other end."""
    pipe.poll(None)
    os._exit(1)
