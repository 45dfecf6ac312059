"""Threads that wait for the feed, so that the one that writes the store never does.

The engine's thread sleeps on a queue of answers; a signal or the end of `--max-time` wakes it at
once, whatever the network is doing. The threads are daemons: a hung socket cannot hold up the exit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Generic, Self, TypeVar, cast

from navfeed.errors import StoppedError

T = TypeVar("T")
X = TypeVar("X")


class Stop:
    """A wish to end the run, from a signal or a clock. Safe to call from a signal handler."""

    def __init__(self, max_seconds: float | None = None) -> None:
        self._reason: str | None = None
        self._ends = None if max_seconds is None else monotonic() + max_seconds
        self._answers: SimpleQueue[Any] | None = None

    def request(self, reason: str) -> None:
        self._reason = self._reason or reason
        if self._answers is not None:
            self._answers.put(None)  # reentrant by design, unlike queue.Queue

    def wakes(self, answers: SimpleQueue[Any]) -> None:
        self._answers = answers

    def check(self) -> None:
        """Raise `StoppedError` when it is time to stop."""
        if self._reason is None and self.seconds_left() == 0:
            self._reason = "--max-time is over"
        if self._reason is not None:
            raise StoppedError(
                f"stopped: {self._reason}. All that was done is kept; the next sync goes on"
            )

    def seconds_left(self) -> float | None:
        return None if self._ends is None else max(0.0, self._ends - monotonic())


@dataclass(frozen=True, slots=True)
class Answer(Generic[X, T]):
    """What came back for one question: a value, or the error it ended with."""

    question: X
    value: T | None
    error: BaseException | None


class Crew:
    """At most `size` questions under way at once."""

    def __init__(self, size: int, stop: Stop) -> None:
        self._size = size
        self._stop = stop
        self._jobs: SimpleQueue[tuple[Any, Callable[[Any], Any]] | None] = SimpleQueue()
        self._answers: SimpleQueue[Answer[Any, Any] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        stop.wakes(self._answers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._jobs.put(None)

    def ask(self, question: X, call: Callable[[X], T]) -> T:
        """Call in another thread and wait; raises what the call raised, or `StoppedError`."""
        self._stop.check()
        self._submit(question, call)
        answer = self._next()
        if answer.error is not None:
            raise answer.error
        return cast("T", answer.value)

    def ask_each(
        self, questions: Sequence[X], call: Callable[[X], T], *, most: int, linger: float
    ) -> Iterator[list[Answer[X, T]]]:
        """Answers in the order they come, in batches: `most` of them, or what `linger` s bring."""
        pending = iter(questions)
        under_way = self._submit_all(islice(pending, 2 * self._size), call)
        while under_way:
            batch = []
            for answer in self._arriving(linger):
                batch.append(answer)
                under_way += self._submit_all(islice(pending, 1), call) - 1
                if len(batch) == most or not under_way:
                    break
            yield batch

    def _submit_all(self, questions: Iterable[X], call: Callable[[X], T]) -> int:
        return sum(self._submit(question, call) for question in questions)

    def _submit(self, question: X, call: Callable[[X], T]) -> int:
        self._jobs.put((question, call))
        if len(self._threads) < self._size:
            thread = Thread(target=self._work, daemon=True, name=f"crew-{len(self._threads)}")
            self._threads.append(thread)
            thread.start()
        return 1

    def _arriving(self, linger: float) -> Iterator[Answer[Any, Any]]:
        """The next answer, however long it takes, and those that follow within `linger` seconds."""
        yield self._next()
        closes = monotonic() + linger
        while (wait := closes - monotonic()) > 0:
            try:
                answer = self._answers.get(timeout=wait)
            except Empty:
                return
            if answer is None:
                return  # the wait for the next one says why
            yield answer

    def _next(self) -> Answer[Any, Any]:
        while True:
            self._stop.check()
            try:
                answer = self._answers.get(timeout=self._stop.seconds_left())
            except Empty:
                continue
            if answer is not None:
                return answer

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            question, call = job
            try:
                self._answers.put(Answer(question, call(question), None))
            except BaseException as error:  # noqa: BLE001  it is raised where the answer is read
                self._answers.put(Answer(question, None, error))
