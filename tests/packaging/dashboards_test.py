"""The dashboards of packaging/grafana are those that its generator writes, and Grafana can make sense of them: what is on a
page does not overlap, what links lead to exists, and every data source is the one that can be chosen."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

GRAFANA = pathlib.Path(os.environ["REACHD_SOURCE_DIR"]) / "packaging/grafana"


def dashboards():
    return [json.loads(path.read_text(encoding="ascii")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))]


class Dashboards(unittest.TestCase):
    def test_are_what_the_generator_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("generate.py", "panels.py"):
                shutil.copy(GRAFANA / name, folder)
            subprocess.run([sys.executable, "-B", f"{folder}/generate.py"], check=True, timeout=60)
            made = {path.name: path.read_text(encoding="ascii") for path in pathlib.Path(folder, "dashboards").iterdir()}
        kept = {path.name: path.read_text(encoding="ascii") for path in (GRAFANA / "dashboards").iterdir()}
        self.assertEqual(kept, made, "run packaging/grafana/generate.py")
        self.assertEqual(len(made), 5)

    def test_panels_fill_their_page_without_overlap(self):
        for made in dashboards():
            taken = set()
            for panel in made["panels"]:
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
                self.assertGreaterEqual(place["w"], 4, f"{panel['title']} is too narrow to read")
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(cells & taken, panel["title"])
                taken |= cells
            numbers = [panel["id"] for panel in made["panels"]]
            self.assertEqual(len(numbers), len(set(numbers)))

    def test_every_panel_says_what_it_shows_and_asks_the_chosen_source(self):
        for made in dashboards():
            variables = {row["name"] for row in made["templating"]["list"]}
            for panel in made["panels"]:
                if panel["type"] == "text":
                    continue
                self.assertTrue(panel["title"] and panel["description"], (made["uid"], panel["title"]))
                self.assertEqual(len({target["refId"] for target in panel["targets"]}), len(panel["targets"]))
                for target in (panel, *panel["targets"]):
                    self.assertEqual(target["datasource"], {"type": "prometheus", "uid": "${datasource}"})
                used = set(re.findall(r"\$(\w+)", json.dumps([target["expr"] for target in panel["targets"]])))
                self.assertLessEqual(used - {"__rate_interval"}, variables, panel["title"])

    def test_links_lead_to_dashboards_and_their_variables(self):
        known = {made["uid"]: {row["name"] for row in made["templating"]["list"]} for made in dashboards()}
        found = 0
        for made in dashboards():
            for uid, variable in re.findall(r'"/d/([\w-]+)\?var-(\w+)=', json.dumps(made)):
                self.assertIn(variable, known[uid])
                found += 1
            self.assertEqual(made["tags"], ["reachd"], "by which the dashboards link to each other")
        self.assertGreater(found, 5)


if __name__ == "__main__":
    unittest.main()
