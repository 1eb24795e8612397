"""Each query of each dashboard in packaging/grafana, asked of a real Prometheus that a fleet feeds: it returns data, and names no
series that does not exist."""

import itertools
import json
import re
import time

import fleet
import support

RATE = "5s"  # $__rate_interval at this fleet's pace


def dashboards():
    """All of them by their uid."""
    found = [json.loads(path.read_text(encoding="ascii")) for path in sorted((fleet.SHIPPED / "grafana/dashboards").glob("*.json"))]
    return {made["uid"]: made for made in found}


class DashboardsTest(fleet.FleetTestCase):
    @classmethod
    def set_up_lab(cls):
        super().set_up_lab()
        cls.fleet.wait_recorded()
        support.wait_for("the pace of everything", lambda: cls.fleet.query(f"rate(process_cpu_seconds_total[{RATE}]) > 0"))

    def values(self, definition):
        """What a variable can be: label_values(SELECTOR, LABEL)."""
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", definition).groups()
        return self.fleet.api(f"label/{label}/values", **{"match[]": selector})

    def choices(self, made):
        """Every combination of values of a dashboard's variables: [{name: value}]."""
        combinations = [{}]
        for variable in made["templating"]["list"]:
            if variable["type"] != "query":
                continue
            combinations = [so_far | {variable["name"]: value} for so_far in combinations for value in (
                [variable["allValue"]] if variable["includeAll"] else self.values(replaced(variable["definition"], so_far)))]
        return combinations

    def answer(self, target, text):
        """The rows of a query that are worth showing: their labels."""
        now = time.time()
        if target.get("instant"):
            rows = self.fleet.api("query", query=text)["result"]
            return [row["metric"] for row in rows if row["value"][1] != "NaN"]
        rows = self.fleet.api("query_range", query=text, start=now - 10, end=now, step="500ms")["result"]
        return [row["metric"] for row in rows if any(value != "NaN" for _, value in row["values"])]

    def test_every_query_returns_data(self):
        found = dashboards()
        self.assertEqual(set(found), {f"reachd-{name}" for name in ("fleet", "host", "product", "check", "certificates")})
        for uid, made in found.items():
            choices = self.choices(made)
            self.assertTrue(choices, uid)
            for panel, target in itertools.chain.from_iterable(
                    ((panel, target) for target in panel.get("targets", [])) for panel in made["panels"]):
                with self.subTest(f"{uid}: {panel['title']}", query=target["expr"]):
                    labels = set()
                    answered = False
                    for text in {replaced(target["expr"], choice) for choice in choices}:
                        rows = self.answer(target, text)
                        answered = answered or bool(rows)
                        labels = labels.union(*rows)
                    self.assertTrue(answered, "no data, whatever the variables are")
                    self.assertLessEqual(shown(panel, target), labels, "a column or legend without a label")
                    if target.get("format") == "table":
                        self.assertLessEqual(labels, shown(panel, target), "a column that nobody asked for")

    def test_no_query_names_what_does_not_exist(self):
        texts = [target["expr"] for made in dashboards().values() for panel in made["panels"] for target in panel.get("targets", [])]
        self.assertGreater(len(texts), 60)
        self.assertEqual(self.fleet.unknown(replaced(text, {"check": "", "product": "", "vantage": "", "instance": ""}) for text in texts), set())


def replaced(text, values):
    """A query with its variables filled in."""
    for name, value in (values | {"__rate_interval": RATE}).items():
        text = re.sub(rf"\${name}\b", lambda _, value=value: value, text)
    assert "$" not in text, text
    return text


def shown(panel, target):
    """The labels that a panel shows."""
    names = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    for step in panel.get("transformations", []):
        options = step["options"]
        names |= set(options["indexByName"]) if step["id"] == "organize" else {options["rowField"], options["columnField"]}
    return names - {"Value"}


if __name__ == "__main__":
    support.main()
