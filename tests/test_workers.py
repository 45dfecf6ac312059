"""Threads that ask, one that waits: order, batches, stops and deaths."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event, Thread, get_ident

import pytest

from navfeed.errors import StoppedError, UnreachableError
from navfeed.sync.workers import Stop, WorkerPool


def test_every_question_gets_its_answer_and_no_more_than_size_at_once() -> None:
    running: set[int] = set()
    most = 0

    def ask(number: int) -> int:
        nonlocal most
        running.add(number)
        most = max(most, len(running))
        running.discard(number)
        return number * number

    with WorkerPool(3, Stop()) as pool:
        batches = list(pool.map_batches(range(100), ask, most=7, linger=5))
    answers = [answer for batch in batches for answer in batch]
    assert {answer.question: answer.value for answer in answers} == {n: n * n for n in range(100)}
    assert all(len(batch) <= 7 for batch in batches)
    assert most <= 3


def at_most_threads(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """The system starts so many threads, and then no more."""
    start = Thread.start
    started: list[Thread] = []

    def limited(self: Thread) -> None:
        if len(started) == most:
            raise RuntimeError("can't start new thread")
        started.append(self)
        start(self)

    monkeypatch.setattr(Thread, "start", limited)


def test_R5_fewer_threads_than_configured_do_all_of_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_most_threads(monkeypatch, 1)
    with WorkerPool(8, Stop()) as pool:
        batches = list(pool.map_batches(range(20), lambda number: -number, most=50, linger=5))
    assert sorted(one.question for batch in batches for one in batch) == list(range(20))


def test_R5_no_thread_at_all_is_reported_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    at_most_threads(monkeypatch, 0)
    with (
        WorkerPool(8, Stop()) as pool,
        pytest.raises(UnreachableError, match="ulimit -u") as raised,
    ):
        pool.ask(1, lambda number: number)
    assert (raised.value.passes, raised.value.may_retry) == (True, False)


def test_errors_are_values_whatever_they_are() -> None:
    def die(number: int) -> int:
        raise KeyboardInterrupt if number else ValueError

    with WorkerPool(2, Stop()) as pool:
        [batch] = pool.map_batches([0, 1], die, most=9, linger=5)
    assert {type(answer.error) for answer in batch} == {ValueError, KeyboardInterrupt}


def test_a_question_amid_others_gets_its_own_answer() -> None:
    with WorkerPool(1, Stop()) as pool:
        for batch in pool.map_batches(range(30), lambda number: number, most=3, linger=5):
            assert pool.ask("probe", lambda question: question + "!") == "probe!"
            assert all(isinstance(answer.value, int) for answer in batch)


def test_what_a_call_raises_is_raised_to_its_caller() -> None:
    with WorkerPool(1, Stop()) as pool, pytest.raises(ZeroDivisionError):
        pool.ask(1, lambda number: number / 0)


def test_a_nudge_while_it_waits_for_an_answer_is_for_later() -> None:
    nudged = Event()

    class Nudged(Stop):
        checks = 0

        def check(self) -> None:
            self.checks += 1
            if self.checks == 2:  # the first is before it asks, the second before it waits
                self.wake()
                nudged.set()

    stop = Nudged()
    with WorkerPool(1, stop) as pool:
        assert pool.ask(5, nudged.wait)
    assert (stop.sleep(60), stop.sleep(0)) == (True, False)


def test_calls_run_in_other_threads() -> None:
    with WorkerPool(1, Stop()) as pool:
        assert pool.ask(None, lambda _: get_ident()) != get_ident()


def test_a_batch_that_waits_in_vain_ends_when_linger_is_over() -> None:
    gate = Event()
    with WorkerPool(2, Stop()) as pool:
        requested = pool.map_batches(
            [False, True], lambda slow: slow and gate.wait(), most=9, linger=0.01
        )
        assert len(next(requested)) == 1
        gate.set()
        assert len(next(requested)) == 1


def test_a_stop_wakes_the_one_that_waits() -> None:
    stop, gate = Stop(), Event()
    with WorkerPool(1, stop) as pool:

        def hang(_: None) -> None:
            stop.request("SIGTERM")
            gate.wait()

        with pytest.raises(StoppedError, match="SIGTERM"):
            pool.ask(None, hang)
        gate.set()


def test_a_stop_ends_a_batch_and_then_the_rest() -> None:
    stop, gate = Stop(), Event()
    with WorkerPool(1, stop) as pool:

        def work(number: int) -> int:
            if number:
                stop.request("SIGINT")
                gate.wait()
            return number

        batches = pool.map_batches([0, 1], work, most=9, linger=5)
        assert [answer.question for answer in next(batches)] == [0]
        with pytest.raises(StoppedError):
            next(batches)
        gate.set()


def test_the_first_reason_is_reported() -> None:
    stop = Stop()
    stop.request("SIGTERM")
    stop.request("SIGINT")
    with pytest.raises(StoppedError, match="SIGTERM"):
        stop.check()


def test_a_stop_before_anyone_waits_is_kept() -> None:
    stop = Stop(max_seconds=1_000)
    stop.check()
    stop.attach(SimpleQueue())
    stop.request("SIGHUP")
    with WorkerPool(1, stop) as pool, pytest.raises(StoppedError, match="SIGHUP"):
        pool.ask(None, lambda _: None)


def test_time_that_runs_out_while_waiting_ends_the_wait() -> None:
    gate = Event()
    with WorkerPool(1, Stop(max_seconds=0.01)) as pool:
        with pytest.raises(StoppedError, match="--max-time"):
            pool.ask(None, lambda _: gate.wait())
        gate.set()
