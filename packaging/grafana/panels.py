"""Grafana's JSON (schema 39, Grafana 10 and later) of the few kinds of panel that the dashboards are made of."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
STATES = {"0": ("unknown", "text"), "1": ("up", "green"), "2": ("degraded", "yellow"), "3": ("down", "red")}
REACHED = {"0": ("down", "red"), "1": ("up", "green")}
REVOCATION = {"0": ("good", "green"), "1": ("revoked", "red"), "2": ("unknown", "text")}


def steps(first, *rest):
    """Thresholds: the colour of the smallest values, then (from, colour)."""
    return {"mode": "absolute", "steps": [{"color": first, "value": None},
                                          *({"color": color, "value": value} for value, color in rest)]}


_ROWS = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0, "footer": {"show": False, "reducer": ["sum"]}}
NOTHING_IS_GOOD = steps("green", (1, "red"))
ALL_IS_GOOD = steps("red", (0.99, "yellow"), (1, "green"))
DAYS_LEFT = steps("red", (7 * 86400, "yellow"), (30 * 86400, "green"))


def _mappings(words):
    return [{"type": "value", "options": {
        value: {"text": text, "color": color, "index": index} for index, (value, (text, color)) in enumerate(words.items())}}]


def _panel(kind, title, targets, text, unit, options, *, words=None, thresholds=None, custom=None, decimals=None, limits=None, **more):
    defaults = {"unit": unit, "custom": custom or {}}
    if decimals is not None:
        defaults["decimals"] = decimals
    if limits:
        defaults["min"], defaults["max"] = limits
    if words:
        defaults["mappings"] = _mappings(words)
    if thresholds:
        defaults["thresholds"] = thresholds
        defaults["color"] = {"mode": "thresholds"}
    return {"type": kind, "title": title, "description": text, "datasource": DATASOURCE, "targets": targets, "options": options,
            "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])}, **more}


def _targets(queries, **more):
    return [{"refId": chr(ord("A") + index), "datasource": DATASOURCE, "editorMode": "code", "expr": expr, "legendFormat": legend, **more}
            for index, (expr, legend) in enumerate(queries)]


def stat(title, expr, text, unit="short", legend="", **looks):
    """One number a series, as it is now; `legend` names it where there are several."""
    return _panel("stat", title, _targets([(expr, legend)], instant=True, range=False), text, unit, {
        "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "wideLayout": True, "textMode": "value_and_name" if legend else "value",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}, **looks)


def graph(title, queries, text, unit="short", stacked=False, **looks):
    """Lines over time: [(query, legend)]."""
    stacking = {"mode": "normal" if stacked else "none", "group": "A"}
    return _panel("timeseries", title, _targets(queries, range=True), text, unit, {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"}},
        custom={"fillOpacity": 20 if stacked else 0, "lineWidth": 1, "showPoints": "never", "stacking": stacking}, **looks)


def timeline(title, expr, legend, text, words):
    """A bar over time a series, coloured by its value."""
    return _panel("state-timeline", title, _targets([(expr, legend)], range=True), text, "none", {
        "mergeValues": True, "showValue": "never", "rowHeight": 0.9, "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"}},
        words=words, thresholds=steps("text"), custom={"fillOpacity": 80, "lineWidth": 0})


def table(title, expr, columns, value, text, unit="none", longest_first=None, **looks):
    """A row a series: these labels in their order, then the value under its name, by which it is sorted if longest_first
    says how; without a name it is not shown. The label `check` leads to its dashboard, `vantage` to that of the host."""
    hidden = {"Time": True, "__name__": True} | ({} if value else {"Value": True})
    order = {name: index for index, name in enumerate([*columns, "Value"])}
    links = [_link("check", "/d/reachd-check?var-check=${__data.fields.check:percentencode}"),
             _link("vantage", "/d/reachd-host?var-vantage=${__data.fields.vantage:percentencode}")]
    sort = [] if longest_first is None else [{"displayName": value, "desc": longest_first}]
    return _panel("table", title, _targets([(expr, "")], instant=True, range=False, format="table"), text, unit, _ROWS | {"sortBy": sort},
        custom={"align": "left", "filterable": True, "cellOptions": {"type": "color-text" if "thresholds" in looks or "words" in looks else "auto"}},
        overrides=[link for link in links if link["matcher"]["options"] in columns],
        transformations=[{"id": "organize", "options": {
            "excludeByName": hidden, "indexByName": order, "renameByName": {"Value": value} if value else {}}}], **looks)


def matrix(title, expr, row, column, text, words=None):
    """A table of one label against another."""
    return _panel("table", title, _targets([(expr, "")], instant=True, range=False, format="table"), text, "none", _ROWS, words=words, thresholds=steps("text"), custom={"align": "left", "filterable": True, "cellOptions": {"type": "color-text"}},
        transformations=[{"id": "groupingToMatrix", "options": {
            "columnField": column, "rowField": row, "valueField": "Value", "emptyValue": "empty"}}])


def text(content):
    """Words."""
    return {"type": "text", "title": "", "description": "", "options": {"mode": "markdown", "content": content}}


def _link(label, url):
    return {"matcher": {"id": "byName", "options": label}, "properties": [
        {"id": "links", "value": [{"title": f"Open this {label}", "url": url}]}]}


def variable(name, query, multi=False, hidden=False):
    """A variable whose values are those of a label: `query` is label_values(...)."""
    every = {"includeAll": True, "allValue": ".*", "current": {"selected": True, "text": "All", "value": "$__all"}} if multi else {
        "includeAll": False, "current": {}}
    return {"type": "query", "name": name, "label": name, "datasource": DATASOURCE, "definition": query, "refresh": 2, "sort": 1,
            "query": {"query": query, "refId": name}, "multi": multi, "hide": 2 if hidden else 0, "regex": "", "options": [], **every}


def dashboard(uid, title, words, variables, rows):
    """The whole: rows are (height, [panel, ...]) of panels of the same width."""
    panels, top = [], 0
    for height, row in rows:
        width = 24 // len(row)
        for index, panel in enumerate(row):
            panels.append({"id": len(panels) + 1, **panel, "gridPos": {"x": index * width, "y": top, "w": width, "h": height}})
        top += height
    source = {"type": "datasource", "name": "datasource", "label": "data source", "query": "prometheus", "hide": 0, "refresh": 1,
              "regex": "", "includeAll": False, "multi": False, "options": [], "current": {}}
    return {"uid": uid, "title": title, "description": words, "tags": ["reachd"], "schemaVersion": 39, "version": 1, "id": None,
            "editable": True, "graphTooltip": 1, "refresh": "30s", "timezone": "", "time": {"from": "now-24h", "to": "now"},
            "timepicker": {}, "annotations": {"list": []}, "templating": {"list": [source, *variables]},
            "links": [{"type": "dashboards", "title": "reachd", "tags": ["reachd"], "asDropdown": False, "includeVars": False,
                       "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "", "url": ""}],
            "panels": panels}
