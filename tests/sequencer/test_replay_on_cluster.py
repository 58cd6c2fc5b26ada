"""Replays on a real Dask cluster: a scheduler and workers in processes of their own, which are killed as well."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from distributed import Client

from rig.errors import Refused
from rig.sequencer.replay import cluster as on_cluster
from rig.sequencer.replay.answer import Answer, basis, computing
from rig.sequencer.replay.cluster import _on_worker, replay_on_cluster
from rig.sequencer.replay.many import replay_many
from rig.sequencer.replay.show import replay_exit_code
from tests.system.running import ENVIRONMENT, PLAN, ROOT

LONG = 60.0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a run of one case."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "short.plan.yaml").write_text(PLAN, encoding="utf-8")
    command = [sys.executable, "-m", "rig", "run", str(folder / "short.plan.yaml"), "--evidence", str(folder / "out")]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = (folder / "out").iterdir()
    return made


class Cluster:
    """A scheduler and two workers; each is a process that ends when the test does."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        told = folder / "scheduler.json"
        shared = ("--no-dashboard", "--scheduler-file", str(told))
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-show", *shared)
        self.workers = [
            self._started("worker", "--no-nanny", "--nthreads", "1", "--local-directory", str(folder / name), *shared)
            for name in "ab"
        ]
        with Client(scheduler_file=str(told), timeout=LONG, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=LONG)
        self.address = str(json.loads(told.read_text(encoding="utf-8"))["address"])

    def _started(self, *arguments: str) -> subprocess.Popen[bytes]:
        surroundings = {**ENVIRONMENT, "PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(self._folder)}
        log = self._stack.enter_context((self._folder / f"{len(list(self._folder.iterdir()))}.log").open("wb"))
        command = [sys.executable, "-m", "dask", *arguments]
        one = subprocess.Popen(command, cwd=self._folder, env=surroundings, stdout=log, stderr=log)
        self._stack.callback(one.wait, LONG)
        self._stack.callback(one.kill)
        return one


@pytest.fixture
def cluster(tmp_path: Path, bundle: Path) -> Iterator[Cluster]:
    assert bundle.is_dir()
    folder = tmp_path / "cluster"
    folder.mkdir()
    with ExitStack() as stack:
        yield Cluster(folder, stack)


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_cluster_gives_what_this_computer_gives_to_the_last_bit(
    cluster: Cluster, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (local,) = replay_many([bundle], known=here)
    monkeypatch.chdir(bundle.parent)
    far = list(replay_many([Path(bundle.name), tmp_path / "none"], known=there, scheduler=cluster.address))
    assert far[0] == Answer(bundle=bundle.name, result=local.result)
    assert far[0].result
    assert local.result
    assert far[0].result.model_dump_json() == local.result.model_dump_json()
    assert far[0].result.outcome == "same"
    assert kept(here) == kept(there)
    assert "is not the folder of a run's evidence" in far[1].refused
    assert replay_exit_code(far) == 2
    (again,) = replay_many([bundle], known=there, scheduler=cluster.address)
    assert again == Answer(bundle=str(bundle), result=local.result, known=True)

    # What is known is looked at by a worker all the same.
    damaged = shutil.copytree(bundle, tmp_path / "damaged")
    (damaged / "journal.jsonl").write_bytes(b"")
    (refused,) = replay_many([damaged], known=there, scheduler=cluster.address)
    assert refused.result is None
    assert refused.refused.startswith("worker tcp://127.0.0.1:")
    assert "journal.jsonl: altered" in refused.refused

    # A worker that would compute something else says so and computes nothing.
    about = basis(bundle, (), computing())
    packages = {**about["packages"], "numpy": "1.0"}
    with Client(cluster.address, set_as_default=False) as client:
        for place, asked, reason in (
            (tmp_path / "elsewhere", about, "is not the folder of a run's evidence"),
            (bundle, {**about, "manifest": "0" * 64}, "what it sees there is another bundle"),
            (bundle, {**about, "packs": ["0" * 64]}, "it sees other limit packs there"),
            (bundle, {**about, "code": "0" * 64}, "it has another version of the rig"),
            (bundle, {**about, "python": "CPython 2.7"}, "not CPython 2.7"),
            (bundle, {**about, "packages": packages}, "it has numpy .*, not 1.0"),
        ):
            told = client.submit(_on_worker, str(place), (), asked, recalled=False).result(LONG)
            assert told.result is None
            assert re.search(reason, told.refused), told.refused


@pytest.mark.skipif(os.name == "nt", reason="no process can be held there")
def test_what_dies_meanwhile_costs_no_result_and_leaves_none_out(cluster: Cluster, bundle: Path) -> None:
    (local,) = replay_many([bundle])
    asked = [bundle.parent, *[bundle] * 6]  # the first is refused without asking, once all the others are asked for
    dies, stays = cluster.workers
    for worker in cluster.workers:
        worker.send_signal(signal.SIGSTOP)  # in the middle of it, whatever the machine is doing
    answers = replay_on_cluster(cluster.address, asked, patience=LONG)
    assert not next(answers).result
    dies.kill()
    stays.send_signal(signal.SIGCONT)
    assert [one.result for one in answers] == [local.result] * 6

    stays.send_signal(signal.SIGSTOP)
    answers = replay_on_cluster(cluster.address, asked, patience=3.0)
    first = next(answers)
    stays.kill()
    rest = list(answers)
    assert {(one.result, one.refused) for one in rest} == {
        (None, "the cluster has not replayed it: there has been no worker for 3 s")
    }
    assert (len(rest), replay_exit_code([first, *rest])) == (6, 2)

    answers = replay_on_cluster(cluster.address, [bundle.parent, bundle], patience=LONG)
    assert "is not the folder of a run's evidence" not in next(answers).refused  # all has been asked for by now
    cluster.scheduler.kill()
    (gone,) = answers
    assert gone.refused == "the cluster has not replayed it: the scheduler has gone, and with it what was asked of it"


@pytest.mark.parametrize("address", ["nowhere", "tcp//x", "", "ftp://127.0.0.1:1", "tcp://127.0.0.1:1"])
def test_a_scheduler_that_cannot_be_reached_is_one_message(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_cluster, "_CONNECT", 0.5)
    with pytest.raises(Refused, match="no Dask scheduler can be reached at"):
        list(replay_on_cluster(address, [tmp_path]))


def test_without_the_extra_its_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Refused, match=r'pip install "nmes-rig\[dask\]"'):
        list(replay_many([tmp_path], scheduler="tcp://127.0.0.1:1"))


def test_jobs_are_of_this_computer(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--jobs"):
        list(replay_many([tmp_path], jobs=2, scheduler="tcp://127.0.0.1:1"))
