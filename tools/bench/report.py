"""Figures of a benchmark, printed as they are found, with the bar beside each that has one."""

import json


class Report:
    """Figures in the order in which they were found."""

    def __init__(self):
        self.figures = []

    def add(self, name, value, bar=None, at_least=False, unit=""):
        passed = None if bar is None else value >= bar if at_least else value <= bar
        self.figures.append(
            {"name": name, "value": value, "bar": bar, "sense": ">=" if at_least else "<=", "unit": unit, "pass": passed})
        text = f"{value:10.2f}" if isinstance(value, float) else f"{value:10}"
        verdict = "" if bar is None else f"{'>=' if at_least else '<='} {bar:<7} {'PASS' if passed else 'short'}"
        print(f"{name:62} {text} {unit:6} {verdict}", flush=True)

    def add_kinds(self, name, kinds):
        """How many of what should be none; which, if there were some."""
        self.add(name, sum(kinds.values()), 0)
        if kinds:
            self.figures[-1]["kinds"] = kinds
            print("    " + ", ".join(f"{kind} {count}" for kind, count in kinds.items()), flush=True)

    @property
    def is_short(self):
        """Whether a figure does not reach its bar."""
        return any(figure["pass"] is False for figure in self.figures)

    def write(self, path, **more):
        path.write_text(json.dumps({**more, "figures": self.figures}, indent=2) + "\n")
