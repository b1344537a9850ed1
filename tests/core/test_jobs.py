"""Long work: once per key, stopped when nobody wants it, and never stuck."""

from __future__ import annotations

import dataclasses
import gc
import logging
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass

import numpy as np
import pytest

from xai.jobs import Cancelled, Jobs, JobStatus, QueueFull
from xai.store import Store
from xai.types import Prediction

SECONDS = 10  # a bound for what takes milliseconds; reached only when something is stuck


@dataclass(frozen=True)
class MapKey:
    name: str
    seed: int = 0


class Gate:
    """Work that a test holds in its hand: it reports, then waits to be let on."""

    def __init__(self, result="result", steps=1):
        self.result = result
        self.steps = steps
        self.runs = 0
        self.report = None
        self.entered = threading.Event()
        self.let_on = threading.Event()
        self.ended = threading.Event()

    def __call__(self, report):
        self.runs += 1
        self.report = report
        self.entered.set()
        try:
            assert self.let_on.wait(SECONDS)
            for step in range(self.steps):
                report(step, self.steps, f"step {step}")
            return self.result
        finally:
            self.ended.set()


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def make():
    made = []

    def make_jobs(*args, **kwargs):
        made.append(Jobs(*args, **kwargs))
        return made[-1]

    yield make_jobs
    for jobs in made:
        jobs.shutdown(SECONDS)
        assert not any(thread.is_alive() for thread in jobs._threads)


@pytest.fixture
def jobs(make):
    return make()


def finished(job):
    assert job.wait(SECONDS)
    return job


def occupy(jobs, name="first", **kwargs):
    """Submit a gate and wait until it runs, so that what follows is queued."""
    gate = Gate()
    job = jobs.submit(MapKey(name), gate, **kwargs)
    assert gate.entered.wait(SECONDS)
    return gate, job


# -------------------------------------------------------------------- once each
def test_work_is_done_and_its_result_held(jobs):
    job = finished(jobs.submit(MapKey("a"), lambda report: np.arange(3), label="Map of a"))
    assert job.state == "done"
    assert job.result.tolist() == [0, 1, 2]
    assert job.error is None
    assert job.label == "Map of a"
    assert jobs.get(MapKey("a")) is job
    assert jobs.submit(MapKey("a"), pytest.fail) is job
    assert jobs.get(MapKey("b")) is None


def test_eight_threads_that_ask_one_key_make_one_run(jobs):
    gate = Gate()
    start = threading.Barrier(8)
    found = []

    def ask():
        start.wait(SECONDS)
        found.append(jobs.submit(MapKey("same"), gate))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    gate.let_on.set()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    assert finished(found[0]).result == "result"
    assert gate.runs == 1


def test_two_that_look_into_the_store_at_once_make_one_run(make, tmp_path):
    both = threading.Barrier(2)

    class SlowStore(Store):
        def load(self, key):
            both.wait(SECONDS)
            return super().load(key)

    jobs = make(SlowStore(tmp_path))
    gate, found = Gate(), []
    threads = [
        threading.Thread(target=lambda: found.append(jobs.submit(MapKey("a"), gate)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    gate.let_on.set()
    assert found[0] is found[1]
    assert finished(found[0]).result == "result"
    assert gate.runs == 1


def test_keys_of_equal_text_are_one_even_if_their_class_was_made_again(jobs):
    def page():
        @dataclass(frozen=True)
        class PageKey:
            n: int

        return PageKey

    first, second = page(), page()
    assert first(1) != second(1)
    gate, _ = occupy(jobs)
    assert jobs.submit(first(1), Gate()) is jobs.submit(second(1), Gate())
    gate.let_on.set()
    jobs.cancel(first(1))


def test_only_keys_of_primitives_are_taken(jobs):
    with pytest.raises(TypeError, match=r"MapKey\.name"):
        jobs.submit(MapKey(np.zeros(3)), Gate())
    with pytest.raises(TypeError, match="frozen dataclass"):
        jobs.get("a")


def test_jobs_run_in_the_order_they_came_and_one_at_a_time(jobs):
    order, running = [], []

    def work(name):
        def function(report):
            running.append(name)
            assert running == [name]
            order.append(name)
            running.remove(name)

        return function

    gate, _ = occupy(jobs)
    names = [f"job {index}" for index in range(6)]
    last = [jobs.submit(MapKey(name), work(name)) for name in names][-1]
    gate.let_on.set()
    assert finished(last).state == "done"
    assert order == names


def test_two_workers_run_two_at_once(make):
    jobs = make(workers=2)
    first, _ = occupy(jobs, "first")
    second, _ = occupy(jobs, "second")
    third = jobs.submit(MapKey("third"), Gate())
    assert third.position == 2
    first.let_on.set()
    second.let_on.set()
    jobs.cancel(MapKey("third"))


def test_nothing_runs_before_the_first_job():
    code = (
        "import threading, sys; import xai.jobs; jobs = xai.jobs.Jobs(); "
        "print(threading.active_count(), 'torch' in sys.modules, 'streamlit' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["1", "False", "False"]


@pytest.mark.parametrize("name", ["workers", "max_results", "max_queue", "max_bytes"])
def test_bounds_must_be_positive(name):
    with pytest.raises(ValueError, match=name):
        Jobs(**{name: 0})
    with pytest.raises(ValueError, match="abandon_after"):
        Jobs(abandon_after=-1.0)


# -------------------------------------------------------------- what a poll sees
def test_it_is_busy_while_a_job_runs_or_waits(jobs):
    gate = Gate()
    assert not jobs.busy
    job = jobs.submit(MapKey("first"), gate)
    assert jobs.busy
    gate.let_on.set()
    assert job.wait(SECONDS)
    assert not jobs.busy


def test_a_queued_job_knows_how_many_come_before(jobs):
    gate, running = occupy(jobs)
    waiting = [jobs.submit(MapKey(f"job {index}"), Gate(), owner="x") for index in range(3)]
    assert running.position == 0
    assert [job.position for job in waiting] == [1, 2, 3]
    assert [job.state for job in waiting] == ["queued"] * 3
    assert waiting[0].elapsed == 0.0
    jobs.cancel(MapKey("job 1"))
    assert [job.position for job in waiting] == [1, 0, 2]
    jobs.release("x")
    gate.let_on.set()


def test_progress_and_partial_values_are_seen(jobs):
    seen = []

    def work(report):
        job = jobs.get(MapKey("a"))
        report(1, 4, "neighbours")
        report.publish(np.array([1.0]))
        seen.append(job.snapshot())
        report(3, 4, "moving")
        report.publish(np.array([2.0]))
        seen.append(job.snapshot())
        return "map"

    job = jobs.submit(MapKey("a"), work)
    after = finished(job).snapshot()
    assert [(s.state, s.done, s.total, s.message) for s in seen] == [
        ("running", 1, 4, "neighbours"),
        ("running", 3, 4, "moving"),
    ]
    assert [s.partial.item() for s in seen] == [1.0, 2.0]
    assert (after.state, after.done, after.total, after.result) == ("done", 4, 4, "map")
    assert isinstance(after, JobStatus)
    assert after.finished
    assert not seen[0].finished
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.state = "queued"


def test_time_left_follows_the_pace_of_the_present_phase(make):
    clock = Clock()
    jobs = make(clock=clock)
    left = []

    def work(report):
        job = jobs.get(MapKey("a"))
        clock.now += 50  # set-up, which says nothing of the pace
        left.append(job.remaining)
        report(0, 10, "slow phase")
        left.append(job.remaining)
        clock.now += 8
        report(4, 10, "slow phase")
        left.append(job.remaining)
        clock.now += 5  # between two steps the rest shrinks
        left.append(job.remaining)
        report(0, 100, "fast phase")
        left.append(job.remaining)
        clock.now += 1
        report(50, 100, "fast phase")
        left.append(job.remaining)
        clock.now += 60
        left.append(job.remaining)

    job = finished(jobs.submit(MapKey("a"), work))
    assert job.error is None
    assert left == [None, None, 12.0, 7.0, None, 1.0, 0.0]
    assert job.remaining is None
    assert job.elapsed == 50 + 8 + 5 + 1 + 60
    clock.now += 1000
    assert job.elapsed == 124


def test_a_snapshot_is_of_one_moment(jobs):
    """Two fields that always change together are never seen apart."""
    stop = threading.Event()

    def work(report):
        step = 0
        while not stop.is_set():
            step += 1
            report(step, 2 * step, str(step))

    job = jobs.submit(MapKey("a"), work)
    for _ in range(2000):
        status = job.snapshot()
        assert status.total == 2 * status.done
        assert status.message == (str(status.done) if status.done else "")
    stop.set()
    finished(job)


# ------------------------------------------------------------------------ cancel
def test_cancel_while_queued_ends_it_at_once_and_never_runs_it(jobs):
    gate, _ = occupy(jobs)
    waiting = Gate()
    job = jobs.submit(MapKey("b"), waiting)
    assert jobs.cancel(MapKey("b")) is True
    assert job.state == "cancelled"
    assert job.wait(0)
    gate.let_on.set()
    assert finished(jobs.submit(MapKey("c"), lambda report: 1)).result == 1
    assert waiting.runs == 0


@pytest.mark.parametrize("before", [0, 1, 5], ids=["at the first step", "after one", "midway"])
def test_cancel_while_running_stops_at_the_next_report(jobs, before):
    reached, let_on, made = threading.Event(), threading.Event(), []

    def work(report):
        for step in range(10):
            if step == before:
                reached.set()
                assert let_on.wait(SECONDS)
            report(step, 10, "")
            made.append(step)
        return "whole"

    job = jobs.submit(MapKey("a"), work)
    assert reached.wait(SECONDS)
    assert jobs.cancel(MapKey("a")) is True
    assert job.snapshot().stopping
    assert jobs.cancel(MapKey("a")) is False  # once is enough
    let_on.set()
    finished(job)
    assert (job.state, job.result, job.error) == ("cancelled", None, None)
    assert not job.snapshot().stopping
    assert made == list(range(before))


def test_cancel_after_the_last_report_still_ends(jobs, tmp_path):
    reached, let_on = threading.Event(), threading.Event()

    def work(report):
        report(1, 1, "all but done")
        report.publish("last state")
        reached.set()
        assert let_on.wait(SECONDS)
        return "whole"

    job = jobs.submit(MapKey("a"), work)
    assert reached.wait(SECONDS)
    jobs.cancel(MapKey("a"))
    let_on.set()
    finished(job)
    assert job.state == "cancelled"
    assert job.result is None
    assert job.partial == "last state"


def test_cancel_of_a_finished_job_changes_nothing(jobs):
    job = finished(jobs.submit(MapKey("a"), lambda report: 5))
    assert jobs.cancel(MapKey("a")) is False
    assert jobs.cancel(MapKey("unknown")) is False
    assert (job.state, job.result) == ("done", 5)


def test_work_may_stop_in_its_own_way_and_keep_its_last_state(make, tmp_path):
    jobs = make(Store(tmp_path))
    started = threading.Event()

    def work(report):
        started.set()
        step = 0
        while not report.cancelled:
            step += 1
            report.publish(step)
        report.publish("where it stopped")
        return "incomplete"

    job = jobs.submit(MapKey("a"), work)
    assert started.wait(SECONDS)
    jobs.cancel(MapKey("a"))
    finished(job)
    assert (job.state, job.partial, job.result) == ("cancelled", "where it stopped", None)
    assert Store(tmp_path).load(MapKey("a")) is None


def test_a_report_that_outlives_its_job_stops_whoever_calls_it(jobs):
    gate, job = occupy(jobs)
    gate.let_on.set()
    finished(job)
    with pytest.raises(Cancelled):
        gate.report(1, 1, "late")
    gate.report.publish("late")
    assert gate.report.cancelled
    assert job.partial is None


def test_an_error_that_a_library_makes_of_the_stop_counts_as_cancelled(jobs):
    gate = Gate()

    def work(report):
        try:
            gate(report)
        except Cancelled as stop:
            raise RuntimeError("callback failed") from stop

    job = jobs.submit(MapKey("a"), work)
    assert gate.entered.wait(SECONDS)
    jobs.cancel(MapKey("a"))
    gate.let_on.set()
    assert finished(job).state == "cancelled"
    assert job.error is None


def test_what_was_cancelled_can_be_asked_for_again(jobs):
    gate, first = occupy(jobs, "a")
    jobs.cancel(MapKey("a"))
    again = Gate("fresh")
    second = jobs.submit(MapKey("a"), again)  # while the first still stops
    assert second is not first
    assert second.position == 1
    gate.let_on.set()
    assert finished(first).state == "cancelled"
    assert jobs.get(MapKey("a")) is second
    assert jobs.submit(MapKey("a"), pytest.fail) is second
    again.let_on.set()
    assert finished(second).result == "fresh"


# ------------------------------------------------------------------------ owners
def test_the_work_goes_on_while_one_owner_is_left(jobs):
    gate, job = occupy(jobs, "a", owner="ann")
    jobs.submit(MapKey("a"), pytest.fail, owner="ben")
    assert jobs.cancel(MapKey("a"), "ann") is False
    assert jobs.cancel(MapKey("a"), "ann") is False  # she has left already
    assert jobs.cancel(MapKey("a"), "eve") is False  # never was an owner
    assert not gate.report.cancelled
    assert jobs.cancel(MapKey("a"), "ben") is True
    gate.let_on.set()
    assert finished(job).state == "cancelled"


def test_cancel_without_an_owner_is_for_all(jobs):
    gate, job = occupy(jobs, "a", owner="ann")
    jobs.submit(MapKey("a"), pytest.fail, owner="ben")
    assert jobs.cancel(MapKey("a")) is True
    gate.let_on.set()
    assert finished(job).state == "cancelled"


def test_who_asks_without_a_name_keeps_the_work_going(jobs):
    gate, job = occupy(jobs, "a", owner="ann")
    jobs.submit(MapKey("a"), pytest.fail)
    jobs.release("ann")
    gate.let_on.set()
    assert finished(job).state == "done"


def test_release_leaves_every_job_and_keeps_results(jobs):
    done = finished(jobs.submit(MapKey("done"), lambda report: 1, owner="ann"))
    gate, running = occupy(jobs, "running", owner="ann")
    hers = jobs.submit(MapKey("hers"), Gate(), owner="ann")
    shared_gate = Gate()
    shared = jobs.submit(MapKey("shared"), shared_gate, owner="ann")
    jobs.submit(MapKey("shared"), pytest.fail, owner="ben")
    jobs.release("ann")
    assert hers.state == "cancelled"
    gate.let_on.set()
    shared_gate.let_on.set()
    assert finished(running).state == "cancelled"
    assert finished(shared).state == "done"
    assert jobs.get(MapKey("done")) is done
    jobs.release("nobody")


def test_a_job_whose_owners_are_all_silent_is_cancelled(make):
    clock = Clock()
    jobs = make(abandon_after=2.0, clock=clock)
    gate, job = occupy(jobs, "a", owner="ann")
    jobs.submit(MapKey("a"), pytest.fail, owner="ben")
    waiting = jobs.submit(MapKey("b"), pytest.fail, owner="ann")
    clock.now += 1.5
    jobs.touch("ben")
    clock.now += 1.5  # ann is silent, ben is not
    gate.report(0, 1, "")
    clock.now += 0.6  # now both are
    with pytest.raises(Cancelled):
        gate.report(0, 1, "")
    gate.let_on.set()
    assert finished(job).state == "cancelled"
    assert finished(waiting).state == "cancelled"  # hers alone, so it never ran


def test_a_touch_keeps_a_job_and_no_name_is_never_silent(make):
    clock = Clock()
    jobs = make(abandon_after=2.0, clock=clock)
    gate, job = occupy(jobs, "a", owner="ann")
    for _ in range(5):
        clock.now += 1.9
        jobs.touch("ann")
    gate.report(0, 1, "")
    gate.let_on.set()
    assert finished(job).state == "done"
    gate, job = occupy(jobs, "b")
    clock.now += 1e6
    gate.report(0, 1, "")
    gate.let_on.set()
    assert finished(job).state == "done"


def test_the_silence_of_owners_means_nothing_by_default(make):
    clock = Clock()
    jobs = make(clock=clock)
    gate, job = occupy(jobs, "a", owner="ann")
    clock.now += 1e6
    gate.let_on.set()
    assert finished(job).state == "done"


def test_abandoned_jobs_make_room_in_the_queue(make):
    clock = Clock()
    jobs = make(abandon_after=2.0, clock=clock, max_queue=2)
    gate, _ = occupy(jobs)
    gone = [jobs.submit(MapKey(f"gone {index}"), Gate(), owner="ann") for index in range(2)]
    with pytest.raises(QueueFull):
        jobs.submit(MapKey("new"), Gate(), owner="ben")
    clock.now += 3
    new = jobs.submit(MapKey("new"), lambda report: "made", owner="ben")
    assert [job.state for job in gone] == ["cancelled"] * 2
    gate.let_on.set()
    assert finished(new).result == "made"


def test_owners_are_forgotten_with_their_jobs(jobs):
    for index in range(20):
        jobs.touch(f"visitor {index}")
        finished(jobs.submit(MapKey("a", index), lambda report: 1, owner=f"owner {index}"))
    assert jobs._backlog._seen == {}


# ---------------------------------------------------------------------- failures
@pytest.mark.parametrize("error", [ValueError("too few"), KeyboardInterrupt(), SystemExit(3)])
def test_whatever_the_work_raises_is_kept_and_the_worker_goes_on(jobs, error):
    def work(report):
        raise error

    job = finished(jobs.submit(MapKey("a"), work))
    assert (job.state, job.error, job.result) == ("failed", error, None)
    assert finished(jobs.submit(MapKey("b"), lambda report: "next")).result == "next"
    again = jobs.submit(MapKey("a"), lambda report: "mended")
    assert again is not job
    assert finished(again).result == "mended"


def test_work_that_stops_itself_is_cancelled(jobs):
    def work(report):
        raise Cancelled

    assert finished(jobs.submit(MapKey("a"), work)).state == "cancelled"


def test_a_failure_is_logged_without_what_the_user_gave(jobs, caplog):
    name = ".".join(["holiday", "jpg"])  # the log quotes lines of code, and may

    def broken_work(report):
        raise RuntimeError(name)

    def refused_work(report):
        raise ValueError("perplexity: expected 2 to 100, got 300")

    with caplog.at_level(logging.INFO):
        finished(jobs.submit(MapKey("private"), broken_work))
        finished(jobs.submit(MapKey("b"), refused_work))
    assert len(caplog.records) == 1  # a ValueError is an answer to the user
    assert "RuntimeError" in caplog.text
    assert "broken_work" in caplog.text
    assert name not in caplog.text
    assert "private" not in caplog.text


class Large:
    """Stands for a big array; a class of its own can be weakly referenced."""


def test_a_failed_job_does_not_hold_the_variables_of_its_work(jobs):
    references = []

    def inner(array):
        raise RuntimeError

    def work(report):
        array = Large()
        references.append(weakref.ref(array))
        try:
            inner(array)
        except RuntimeError as error:
            raise OSError from error

    job = finished(jobs.submit(MapKey("a"), work))
    finished(jobs.submit(MapKey("b"), lambda report: 1))
    gc.collect()
    assert isinstance(job.error, OSError)
    assert references[0]() is None


def test_a_finished_job_lets_go_of_its_work(jobs):
    array = Large()
    reference = weakref.ref(array)
    job = jobs.submit(MapKey("a"), lambda report, array=array: 1)
    del array
    finished(job)
    finished(jobs.submit(MapKey("b"), lambda report: 1))
    gc.collect()
    assert reference() is None
    assert job.result == 1


# ------------------------------------------------------------------------ bounds
def test_a_full_queue_is_refused_politely(make):
    jobs = make(max_queue=3)
    gate, _ = occupy(jobs)
    for index in range(3):
        jobs.submit(MapKey(f"job {index}"), lambda report: 1, owner="x")
    with pytest.raises(QueueFull, match="try again"):
        jobs.submit(MapKey("one more"), Gate())
    assert jobs.get(MapKey("one more")) is None
    assert jobs.submit(MapKey("job 2"), pytest.fail).state == "queued"  # joining is free
    gate.let_on.set()
    finished(jobs.get(MapKey("job 2")))
    assert finished(jobs.submit(MapKey("one more"), lambda report: "now")).result == "now"


def test_finished_jobs_are_bounded_by_count_and_the_oldest_asked_goes(make):
    jobs = make(max_results=3)
    for name in "abc":
        finished(jobs.submit(MapKey(name), lambda report: 1))
    jobs.submit(MapKey("a"), pytest.fail)  # asked for again
    finished(jobs.submit(MapKey("d"), lambda report: 1))
    assert [jobs.get(MapKey(name)) is not None for name in "abcd"] == [True, False, True, True]


@pytest.mark.parametrize(
    "value",
    [
        lambda: np.zeros(1000, np.uint8),
        lambda: {"maps": [np.zeros(500, np.uint8), np.zeros(500, np.uint8)]},
        lambda: Prediction(np.zeros(125), np.zeros(1, np.float32), ()),
        lambda: np.zeros(1000, np.uint8)[:1],  # a view holds all of its array
    ],
    ids=["array", "nested", "dataclass", "view"],
)
def test_finished_jobs_are_bounded_by_bytes(make, value):
    jobs = make(max_bytes=4000)
    for name in "abcde":
        finished(jobs.submit(MapKey(name), lambda report: value()))
    held = [jobs.get(MapKey(name)) is not None for name in "abcde"]
    assert 1 <= sum(held) <= 4
    assert held == sorted(held)  # the latest are held


def test_what_is_published_counts_too(make):
    jobs = make(max_bytes=4000)
    for name in "abcde":
        finished(jobs.submit(MapKey(name), lambda report: report.publish(np.zeros(1000, "u1"))))
    assert sum(jobs.get(MapKey(name)) is not None for name in "abcde") <= 4


def test_the_latest_result_is_held_whatever_its_size(make):
    jobs = make(max_bytes=10)
    finished(jobs.submit(MapKey("a"), lambda report: np.zeros(1000)))
    job = finished(jobs.submit(MapKey("b"), lambda report: np.zeros(1000)))
    assert jobs.submit(MapKey("b"), pytest.fail) is job
    assert jobs.get(MapKey("a")) is None


# ------------------------------------------------------------------------- store
def test_a_result_outlives_the_process_in_the_store(make, tmp_path):
    value = Prediction(np.ones(2, np.float32), np.full(2, 0.5, np.float32), ("a", "b"))
    finished(make(Store(tmp_path)).submit(MapKey("a"), lambda report: value))
    job = make(Store(tmp_path)).submit(MapKey("a"), pytest.fail)
    assert job.state == "done"
    assert np.array_equal(job.result.logits, value.logits)
    assert job.wait(0)
    assert job.elapsed == 0.0


def test_keep_false_neither_reads_nor_writes_the_store(make, tmp_path):
    store = Store(tmp_path)
    jobs = make(store)
    finished(jobs.submit(MapKey("a"), lambda report: 1, keep=False))
    assert store.load(MapKey("a")) is None
    store.save(MapKey("b"), "kept")
    assert finished(jobs.submit(MapKey("b"), lambda report: "new", keep=False)).result == "new"


def test_one_who_wants_it_kept_is_enough(make, tmp_path):
    store = Store(tmp_path)
    jobs = make(store)
    gate = Gate()
    job = jobs.submit(MapKey("a"), gate, keep=False)
    jobs.submit(MapKey("a"), pytest.fail, keep=True)
    gate.let_on.set()
    finished(job)
    assert store.load(MapKey("a")) == "result"


def test_a_damaged_file_means_that_the_work_is_done_again(make, tmp_path):
    store = Store(tmp_path)
    store.save(MapKey("a"), "old")
    for path in tmp_path.iterdir():
        path.write_bytes(b"half a fi")
    assert finished(make(store).submit(MapKey("a"), lambda report: "new")).result == "new"
    assert store.load(MapKey("a")) == "new"


def test_what_cannot_be_kept_is_a_result_all_the_same(make, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for store in (Store(tmp_path / "file"), Store(tmp_path / "results")):
        job = finished(make(store).submit(MapKey("a"), lambda report: [print]))
        assert job.state == "done"
        assert job.result == [print]


def test_work_without_a_result_is_done(make, tmp_path):
    job = finished(make(Store(tmp_path)).submit(MapKey("a"), lambda report: None))
    assert job.state == "done"
    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------------- the end
def test_shutdown_cancels_everything_and_takes_nothing_more(make):
    jobs = make()
    gate, running = occupy(jobs)
    waiting = jobs.submit(MapKey("b"), Gate())
    gate.let_on.set()
    jobs.shutdown(SECONDS)
    assert waiting.state == "cancelled"
    assert running.finished
    assert not any(thread.is_alive() for thread in jobs._threads)
    with pytest.raises(RuntimeError, match="shut down"):
        jobs.submit(MapKey("c"), Gate())
    jobs.shutdown(SECONDS)


def test_a_storm_of_owners_leaves_nothing_stuck(make):
    """Many threads submit, poll, cancel and release; every job ends, and the worker lives."""
    jobs = make(max_results=5, max_queue=4)
    seen, refused = [], []

    def visit(number):
        rng = np.random.default_rng(number)
        for _ in range(60):
            key = MapKey("map", int(rng.integers(6)))
            owner = f"visitor {number}"
            try:
                job = jobs.submit(key, lambda report: [report(i, 5) for i in range(5)], owner=owner)
            except QueueFull:
                refused.append(key)
                continue
            seen.append(job)
            job.snapshot()
            choice = rng.integers(4)
            if choice == 0:
                jobs.cancel(key, owner)
            elif choice == 1:
                jobs.release(owner)
            elif choice == 2:
                job.wait(0.01)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    states = {finished(job).state for job in seen}
    assert states <= {"done", "cancelled"}
    assert "done" in states
    assert finished(jobs.submit(MapKey("after"), lambda report: "alive")).result == "alive"
    assert len(seen) + len(refused) == 360
