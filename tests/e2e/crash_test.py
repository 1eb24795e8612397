"""`kill -9` at any moment of a storm: nothing is lost, nothing told that is not true, and the order stays.

REACHD_CRASH_ROUNDS is how often the daemon is killed, REACHD_SEED repeats a run whose seed was printed."""

import collections
import json
import os
import signal
import sys
import time

import storm as storm_module
import support
from storm import SEED, integrity, once

ROUNDS = int(os.environ.get("REACHD_CRASH_ROUNDS", "50"))
SETTLE_EVERY = 10  # rounds
SLACK = 0.05  # seconds between what the servers do and the moment that they note


class CrashTest(support.LabTestCase):
    def test_nothing_is_lost_by_kills_during_a_storm(self):
        print(f"{ROUNDS} kills, seed {SEED}", file=sys.stderr, flush=True)
        storm = storm_module.Storm(self)
        began = time.monotonic()
        for number in range(1, ROUNDS + 1):
            storm.world.storm()
            daemon = support.Daemon(storm.config, self.lab, name="storm")
            self.addCleanup(daemon.__exit__)
            if storm.chance.random() < 0.2:
                storm.hook.fail(*storm.chance.choices(("500", "cut in the answer", "cut in the request"), k=5))
            # Not to wait for something: the random moment is what is tested. A third dies as it starts.
            time.sleep(storm.chance.uniform(0, 0.3) if storm.chance.random() < 0.33 else storm.chance.uniform(0.3, 2))
            if number % SETTLE_EVERY == 0:
                storm.settle()
            self.assertIsNone(daemon.process.poll(), f"seed {SEED}: it ended by itself: {storm.log()[-3000:]}")
            daemon.stop(signal.SIGKILL)
            if number % SETTLE_EVERY == 0:
                storm.check_copy()
        with support.Daemon(storm.config, self.lab, name="storm") as daemon:
            storm.settle()
            journal = self.judge(storm, daemon)
            self.assertEqual(daemon.stop()[0], 0)
        self.assertEqual(integrity(storm.journal), ["ok"])
        repeated = [len(heard.all) - len(once(heard.all)) for heard in (storm.by_file, storm.by_hook)]
        started = sum(event["kind"] == "daemon.started" for event in journal) - 1
        self.assertGreater(started, ROUNDS // 3, "too few got far enough for a storm")
        self.assertGreater(len(journal), 5 * ROUNDS, "this was no storm")
        print(f"{time.monotonic() - began:.0f} s, {started} of {ROUNDS} killed after they had told of their start, "
              f"{storm.world.changes()} changes of ports, {len(journal)} events, repeated "
              f"{repeated[0]} to the file and {repeated[1]} to the webhook, {len(storm.torn)} torn lines",
              file=sys.stderr)

    def judge(self, storm, daemon):
        """Everything that was told, against the journal and the truth: the events."""
        def all_there():
            storm.listen()
            done, _ = support.run_in_lab(self.lab, "events", "--json", "--limit", "1000000", "--config", storm.config)
            self.assertEqual(done.returncode, 0, done.stderr)
            events = [json.loads(line) for line in done.stdout.splitlines()]
            ids = {event["id"] for event in events}
            sinks = (storm.by_file, storm.by_hook)
            return events if all({event["id"] for event in heard.all} == ids for heard in sinks) else None

        try:
            journal = support.wait_for("the journal and the sinks to have the same", all_there)
        except AssertionError:
            self.differ(storm)
            raise
        self.assertEqual([event["id"] for event in journal], sorted({event["id"] for event in journal}))
        self.assertEqual([event for event in journal if event["suppressed_by"]], [])
        self.assertEqual({event["kind"] for event in journal}, {"daemon.started", "check.down", "check.up"})
        by_id = {event["id"]: event for event in journal}
        for heard in (storm.by_file, storm.by_hook):
            for event in heard.all:
                self.assertEqual(event, by_id[event["id"]], "a repetition says the same")
        self.assertEqual(once(storm.by_file.all), journal, "in the journal's order")
        self.assertEqual(self.per_check(once(storm.by_hook.all)), self.per_check(journal), "in order per check")
        for line in storm.torn:
            self.assertTrue(any(json.dumps(event["id"]).encode() in line for event in journal) or len(line) < 64, line)
        for check, events in self.per_check(journal).items():
            self.chain(storm, check, events)
        self.assertNotIn("set aside", storm.log())
        self.assertEqual(daemon.metrics().count("\nreachd_journal_errors_total 0\n"), 1)
        return journal

    def differ(self, storm):
        """Says who has what the other has not."""
        ids = [{event["id"]: event for event in heard.all} for heard in (storm.by_file, storm.by_hook)]
        only = [[(event["id"], event["kind"]) for key, event in mine.items() if key not in other][:5]
                for mine, other in (ids, ids[::-1])]
        print(f"seed {SEED}: only in the file {only[0]}, only at the webhook {only[1]}\n{storm.log()[-3000:]}",
              file=sys.stderr)

    @staticmethod
    def per_check(events):
        """The events of each check in their order; of the daemon's own none, which have no order among sinks' rows."""
        found = collections.defaultdict(list)
        for event in events:
            if event["check"]:
                found[event["check"]["id"]].append(event)
        return found

    def chain(self, storm, check, events):
        """Down and up take turns, each is true, and each outage was one alert."""
        state, port = None, int(check.removeprefix("custom/p"))
        for number, event in enumerate(events):
            told = f"seed {SEED}, {check}: {json.dumps(events[max(0, number - 1):number + 1], indent=1)}"
            self.assertEqual(event["kind"], "check.up" if number % 2 else "check.down", told)
            self.assertEqual(event["to"], event["kind"].removeprefix("check."), told)
            self.assertIn(event["from"], (state,) if state else ("unknown", "up"), told)
            state = event["to"]
            for attempt in event["evidence"]["attempts"]:
                moment = support.seconds_of(attempt["time"])
                self.assertIn(attempt["reason"], ("ok", "refused"), told)
                self.assertEqual(attempt["reason"] == "ok", state == "up", told)
                self.assertTrue(storm.world.was(port, state == "up", moment - SLACK,
                                                moment + attempt["milliseconds"] / 1000 + SLACK), told)
        starts = storm.starts.get(check, [])
        self.assertEqual(starts, sorted(starts), f"seed {SEED}, {check}: an alert that had ended came back")
        self.assertEqual(len(starts), sum(event["kind"] == "check.down" for event in events), f"seed {SEED}, {check}")


if __name__ == "__main__":
    support.main()
