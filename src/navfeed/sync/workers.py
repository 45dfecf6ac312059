"""Threads that wait for the feed, so that the one that writes the store never does.

The engine's thread sleeps on a queue of answers; a signal or the end of `--max-time` wakes it at
once, whatever the network is doing. The threads are daemons: a hung socket cannot hold up the exit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, islice
from queue import Empty, PriorityQueue, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Generic, Self, TypeVar, cast

from navfeed.errors import StoppedError, UnreachableError

_LONGEST_WAIT = 1.0
"""Seconds; a stop is promised within two."""

_NO_THREAD = (
    "no request can be made: the system starts no thread. Raise the limit on processes or on "
    "memory (ulimit -u and -v; TasksMax and MemoryMax of a unit), and run again"
)

T = TypeVar("T")
X = TypeVar("X")


class Stop:
    """A request to end the run, by a signal or a clock. Safe to call from a signal handler."""

    def __init__(self, max_seconds: float | None = None) -> None:
        self._reason: str | None = None
        self._ends = None if max_seconds is None else monotonic() + max_seconds
        self._answers: SimpleQueue[Any] | None = None
        self._woken = False
        self.requested = False
        """Whether a signal requested it; False if only the time was over."""

    def request(self, reason: str) -> None:
        self.requested = True
        self._reason = self._reason or reason
        if self._answers is not None:
            self._answers.put(None)  # reentrant by design, unlike queue.Queue

    def wake(self) -> None:
        """End the current rest, or else the next one."""
        self._woken = True
        if self._answers is not None:
            self._answers.put(None)

    def sleep(self, seconds: float) -> bool:
        """Rest that long. True: woken before that was over. Raises `StoppedError`."""
        wakes = SimpleQueue[None]()
        self.attach(wakes)
        self.check()
        ends = monotonic() + seconds
        while not self._woken and (left := ends - monotonic()) > 0:
            with suppress(Empty):
                wakes.get(timeout=min(left, self.patience()))
            self.check()
        woken, self._woken = self._woken, False
        return woken

    def attach(self, answers: SimpleQueue[Any]) -> None:
        """Where the engine's thread sleeps now: a request to stop is put there, to wake it."""
        self._answers = answers

    def check(self) -> None:
        """Raise `StoppedError` when it is time to stop."""
        if self._reason is None and self.seconds_left() == 0:
            self._reason = "--max-time is over"
        if self._reason is not None:
            raise StoppedError(
                f"stopped: {self._reason}. All that was done is kept; the next sync goes on"
            )

    def patience(self) -> float:
        """Seconds to wait before looking again whether it is time to stop.

        A signal that the system hands to another thread does not wake the one that waits.
        """
        left = self.seconds_left()
        return _LONGEST_WAIT if left is None else min(left, _LONGEST_WAIT)

    def seconds_left(self) -> float | None:
        return None if self._ends is None else max(0.0, self._ends - monotonic())


@dataclass(frozen=True, slots=True)
class Completed(Generic[X, T]):
    """The result for one question: a value, or the error it ended with."""

    question: X
    value: T | None
    error: BaseException | None


_Results = SimpleQueue[Completed[Any, Any] | None]
_Job = tuple[Any, Callable[[Any], Any], _Results]

_URGENT, _NORMAL, _LAST = range(3)
"""Which job a free thread takes first."""


class WorkerPool:
    """Threads that make requests, at most `size` at once."""

    def __init__(self, size: int, stop: Stop) -> None:
        self._size = size
        self._stop = stop
        self._jobs: PriorityQueue[tuple[int, int, _Job | None]] = PriorityQueue()
        self._numbers = count()
        self._threads: list[Thread] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._jobs.put((_LAST, next(self._numbers), None))

    @property
    def size(self) -> int:
        """How many requests are made at once, at most."""
        return self._size

    def check(self) -> None:
        """Raise `StoppedError` when it is time to stop."""
        self._stop.check()

    def ask(self, question: X, call: Callable[[X], T]) -> T:
        """Call in another thread and wait; raises what the call raised, or `StoppedError`.

        `UnreachableError` where the system starts no thread at all.
        """
        answers = _Results()
        self.check()
        self.submit(question, call, answers, is_urgent=True)
        answer = self.next_of(answers)
        if answer.error is not None:
            raise answer.error
        return cast("T", answer.value)

    def map_batches(
        self, questions: Sequence[X], call: Callable[[X], T], *, most: int, linger: float
    ) -> Iterator[list[Completed[X, T]]]:
        """Answers in the order they come, in batches: `most` of them, or what `linger` s bring."""
        answers = _Results()
        pending = iter(questions)
        under_way = self._submit_all(islice(pending, 2 * self._size), call, answers)
        while under_way:
            batch = []
            for answer in self._arriving(answers, linger):
                batch.append(answer)
                under_way += self._submit_all(islice(pending, 1), call, answers) - 1
                if len(batch) == most or not under_way:
                    break
            yield batch

    def _submit_all(self, questions: Iterable[X], call: Callable[[X], T], answers: _Results) -> int:
        number = 0
        for question in questions:
            self.submit(question, call, answers)
            number += 1
        return number

    def submit(
        self, question: X, call: Callable[[X], T], answers: _Results, *, is_urgent: bool = False
    ) -> None:
        """Put a call in the queue; one that `is_urgent` before all that are not."""
        priority = _URGENT if is_urgent else _NORMAL
        self._jobs.put((priority, next(self._numbers), (question, call, answers)))
        self._grow()

    def _grow(self) -> None:
        """Start one more, if there is work for it. Where the system gives no more, fewer do."""
        if len(self._threads) < self._size:
            thread = Thread(target=self._work, daemon=True, name=f"worker-{len(self._threads)}")
            try:
                thread.start()
            except RuntimeError as error:  # a limit on processes or on memory
                if not self._threads:
                    raise UnreachableError(_NO_THREAD, may_retry=False) from error
                self._size = len(self._threads)
            else:
                self._threads.append(thread)

    def _arriving(self, answers: _Results, linger: float) -> Iterator[Completed[Any, Any]]:
        """The next answer, however long it takes, and those that follow within `linger` seconds."""
        yield self.next_of(answers)
        closes = monotonic() + linger
        while (wait := closes - monotonic()) > 0:
            try:
                answer = answers.get(timeout=wait)
            except Empty:
                return
            if answer is None:
                return  # the wait for the next one raises the reason
            yield answer

    def next_of(self, answers: _Results) -> Completed[Any, Any]:
        """Wait for an answer. Raises `StoppedError`."""
        while (answer := self.next_within(answers, None)) is None:
            pass
        return answer

    def next_within(self, answers: _Results, seconds: float | None) -> Completed[Any, Any] | None:
        """An answer that comes within `seconds` (None: within the patience of `Stop`), or None."""
        self._stop.attach(answers)
        self._stop.check()
        patience = self._stop.patience()
        try:
            return answers.get(timeout=patience if seconds is None else min(seconds, patience))
        except Empty:
            return None

    def _work(self) -> None:
        while (job := self._jobs.get()[-1]) is not None:
            question, call, answers = job
            try:
                answers.put(Completed(question, call(question), None))
            except BaseException as error:  # noqa: BLE001  it is raised where the answer is read
                answers.put(Completed(question, None, error))


class Requests:
    """Different calls under way side by side; their answers in the order they come."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._answers = _Results()
        self.under_way = 0

    def put(self, question: X, call: Callable[[X], T], *, is_urgent: bool = False) -> None:
        self._pool.submit(question, call, self._answers, is_urgent=is_urgent)
        self.under_way += 1

    def next(self, within: float | None = None) -> Completed[Any, Any] | None:
        """The next answer; None where it took longer than `within` seconds. Raises `StoppedError`.

        None too after `Stop.wake`.
        """
        answer = self._pool.next_within(self._answers, within)
        if answer is not None:
            self.under_way -= 1
        return answer
