"""What must not cost an event: a disk that fills up, a journal that is damaged, a clock that jumps."""

import json
import pathlib
import random
import signal
import sqlite3
import time

import support
import watched
from storm import SEED, integrity, once

LINES = """
alerting:
  flapping: {changes: 1000, within: 1s}
  sinks:
    - {name: lines, type: file, path: lines.jsonl}
"""
LIBFAKETIME = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Inside:
    """A lab in which each program is started by a command of the test's."""

    def __init__(self, lab, *command):
        self._lab, self._command = lab, command

    def __getattr__(self, name):
        return getattr(self._lab, name)

    def spawn(self, name, place, *argv, **options):
        """As the lab's, by that command."""
        return self._lab.spawn(name, place, *self._command, *argv, **options)


class JournalTest(support.LabTestCase):
    @classmethod
    def set_up_lab(cls):
        watched.serve(cls.lab)

    def watch(self, name):
        return watched.Watched(self, name, {f"c{i}": 8000 + i for i in range(4)}, LINES)

    def down_and_up(self, ground, name):
        """An outage of that check, told to the file."""
        ground.close(name)
        ground.wait_events("check.down", [name])
        ground.open(name)
        ground.wait_events("check.up", [name])

    def no_others(self, ground, expected):
        """The events of checks since the first start are these; in the order of their ids."""
        ground.probed()
        lines = once(ground.lines())
        self.assertEqual([(event["check"]["name"], event["kind"]) for event in lines if event["check"]], expected)
        self.assertEqual([event["id"] for event in lines], sorted(event["id"] for event in lines))

    def test_a_full_disk_stops_nothing_but_the_journal(self):
        ground = self.watch("full")
        state = ground.folder / "state"
        state.mkdir()
        # The small disk is in the holder's mounts only, and stays while daemons come and go.
        holder = self.lab.spawn("holder", "host", "sh", "-c",
                                'mount -t tmpfs -o size=2m tmpfs "$0" && echo mounted && exec sleep infinity', state)
        self.addCleanup(self.lab.end, holder)
        support.wait_for("the small disk", lambda: "mounted" in (self.lab.folder / "holder.log").read_text())
        disk = pathlib.Path(f"/proc/{holder.pid}/root{state}")
        ground.lab = Inside(self.lab, "nsenter", f"--target={holder.pid}", "--mount")
        ground.start()
        self.down_and_up(ground, "c0")
        expected = [("c0", "check.down"), ("c0", "check.up")]

        with open(disk / "ballast", "wb", buffering=0) as ballast:
            try:
                while ballast.write(bytes(4096)):
                    pass
            except OSError:
                pass  # full

        def failing():
            return any(event["kind"] == "journal.failing" for event in ground.lines())

        rounds = 0
        while not failing():  # the journal first uses up what it already has
            rounds += 1
            self.assertLess(rounds, 50)
            self.down_and_up(ground, "c1")
            expected += [("c1", "check.down"), ("c1", "check.up")]
        errors = self.errors(ground)
        self.assertGreater(errors, 0)
        probes = ground.samples("reachd_probes_total")
        self.down_and_up(ground, "c2")
        ground.close("c3")
        ground.wait_events("check.down", ["c3"])
        expected += [("c2", "check.down"), ("c2", "check.up"), ("c3", "check.down")]
        ground.probed()
        self.assertTrue(all(count > probes[name] for name, count in ground.samples("reachd_probes_total").items()))
        support.wait_for("another attempt to write", lambda: self.errors(ground) > errors)
        self.assertEqual(ground.daemon.http("/-/healthy")[0], 200)
        self.assertFalse(any(event["kind"] == "journal.recovered" for event in ground.lines()))

        (disk / "ballast").unlink()
        support.wait_for("recovery", lambda: ground.lines()[-1]["kind"] == "journal.recovered")
        self.no_others(ground, expected)
        self.assertEqual(ground.journal(), ground.lines(), "what happened meanwhile is in the journal")
        own = [event["kind"] for event in ground.lines() if not event["check"]]
        self.assertEqual(own, ["daemon.started", "journal.failing", "journal.recovered"])
        ground.daemon.stop(signal.SIGKILL)
        ground.start()
        ground.open("c3")
        ground.wait_events("check.up", ["c3"])
        self.no_others(ground, [*expected, ("c3", "check.up")])
        self.assertEqual(ground.journal(), once(ground.lines()))

    @staticmethod
    def errors(ground):
        """How often writing the journal failed."""
        return next(float(line.split()[1]) for line in ground.daemon.metrics().splitlines()
                    if line.startswith("reachd_journal_errors_total "))

    def test_a_journal_that_somebody_locks_is_written_later(self):
        ground = self.watch("locked")
        ground.start()
        self.down_and_up(ground, "c0")
        locker = sqlite3.connect(ground.folder / "state" / "journal.sqlite", isolation_level=None)
        self.addCleanup(locker.close)
        locker.execute("BEGIN IMMEDIATE")
        self.down_and_up(ground, "c1")
        support.wait_for("the trouble to be told",
                         lambda: any(event["kind"] == "journal.failing" for event in ground.lines()))
        self.down_and_up(ground, "c2")
        self.assertGreater(self.errors(ground), 0)
        locker.execute("ROLLBACK")
        support.wait_for("recovery", lambda: ground.lines()[-1]["kind"] == "journal.recovered")
        self.no_others(ground, [(f"c{i}", f"check.{to}") for i in range(3) for to in ("down", "up")])
        self.assertEqual(ground.journal(), ground.lines())

    def test_half_a_journal_is_set_aside(self):
        self.damaged("half", lambda data: data[:len(data) // 2])

    def test_garbage_for_a_journal_is_set_aside(self):
        self.damaged("garbage", lambda data: random.Random(SEED).randbytes(len(data)))

    def test_a_journal_of_which_only_the_head_is_right_is_set_aside(self):
        self.damaged("head", lambda data: data[:4096] + random.Random(SEED).randbytes(len(data) - 4096))

    def damaged(self, name, damage):
        """What the stopped daemon's journal is turned into by `damage` is kept, and a new one works."""
        ground = self.watch(name)
        ground.start()
        self.down_and_up(ground, "c0")
        ground.close("c1")
        ground.wait_events("check.down", ["c1"])
        self.assertEqual(ground.daemon.stop()[0], 0)
        file = ground.folder / "state" / "journal.sqlite"
        self.assertEqual(integrity(file), ["ok"])
        for beside in file.parent.glob("journal.sqlite-*"):
            beside.unlink()
        broken = damage(file.read_bytes())
        file.write_bytes(broken)
        before = ground.lines()

        ground.start()
        aside, = file.parent.glob("journal.sqlite.corrupt-*Z")
        found = aside.read_bytes()  # but for the first page, in which whoever opens a database may count
        self.assertEqual((len(found), found[4096:]), (len(broken), broken[4096:]), "as it was found")
        self.assertIn(f"{file} is corrupt", ground.daemon.log)
        self.assertIn(f"set aside as {aside.name}", ground.daemon.log)
        self.down_and_up(ground, "c2")
        ground.open("c1")
        ground.wait_events("check.up", ["c1"])
        ground.daemon.stop(signal.SIGKILL)
        ground.start()
        self.down_and_up(ground, "c3")
        after = once(ground.lines())
        self.assertEqual(after[:len(before)], before)
        self.assertEqual(_words(ground.journal()), _words(after[len(before):]), ground.daemon.log)
        self.assertEqual([event["id"] for event in after], sorted(event["id"] for event in after))
        own = [event["kind"] for event in after[len(before):] if not event["check"]]
        self.assertEqual(sorted(own), ["daemon.started"] * 2 + ["journal.failing", "journal.recovered"])
        self.assertEqual(len(list(file.parent.glob("journal.sqlite.corrupt-*Z"))), 1)
        self.assertEqual(ground.daemon.stop()[0], 0)
        self.assertEqual(integrity(file), ["ok"])

    def test_a_clock_that_jumps_makes_no_event(self):
        self.assertTrue(LIBFAKETIME, "the package libfaketime is missing (./test installs it)")
        ground = self.watch("clock")
        offset = ground.folder / "offset"

        def jump(text):
            (ground.folder / "next").write_text(text + "\n", encoding="ascii")
            (ground.folder / "next").rename(offset)

        jump("+0")
        ground.lab = Inside(self.lab, "env", f"LD_PRELOAD={LIBFAKETIME[0]}", f"FAKETIME_TIMESTAMP_FILE={offset}",
                            "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1")
        begin = time.time()
        ground.start()
        ground.close("c0")
        ground.wait_events("check.down", ["c0"])
        expected = [("c0", "check.down")]
        for number, (text, hours) in enumerate((("+3600", 1), ("-3600", -1), ("+0", 0)), 1):
            jump(text)
            self.no_others(ground, expected)
            name = f"c{number}"
            self.down_and_up(ground, name)
            expected += [(name, "check.down"), (name, "check.up")]
            self.no_others(ground, expected)
            told = ground.lines()[-1]
            self.assertAlmostEqual(support.seconds_of(told["time"]), time.time() + 3600 * hours, delta=support.GUARD)
            self.assertEqual(ground.journal(), ground.lines(), "in the order in which it happened")
            ground.wait_state("down", "c0")
        ground.open("c0")
        ground.wait_events("check.up", ["c0"])
        self.no_others(ground, [*expected, ("c0", "check.up")])
        end = time.time()
        ground.lab = self.lab  # asked by a clock that is right
        for window in ((begin, end), (begin - 7200, end), (end - 4000, end - 3000)):
            report, = json.loads(ground.command(
                "report", "--json", "--from", _rfc3339(window[0]), "--to", _rfc3339(window[1])))
            self.assertEqual(len(report["checks"]), len(ground.ports))
            for row in report["checks"]:
                sums = [row[state] for state in ("up", "down", "degraded", "not_observed")]
                self.assertAlmostEqual(sum(sums), window[1] - window[0], delta=0.1, msg=json.dumps(row))
                self.assertGreaterEqual(min(sums), 0, json.dumps(row))


def _words(events):
    """What people need to compare them."""
    return [(event["id"], event["kind"], event["check"] and event["check"]["name"], event["message"])
            for event in events]


def _rfc3339(moment):
    """A Unix time with milliseconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03}Z"


if __name__ == "__main__":
    support.main()
