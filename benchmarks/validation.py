# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Compares every model of `aiot-mec` and `cognitive-v2x` with theory, standards and published values; writes `docs/validation.md` and its plots.

`ns3-scenarios/validation/` computes the quantities; ctest runs the same program with less to simulate.
"""

from __future__ import annotations

import json
import resource
import subprocess
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from ns3marl import plotting
from ns3marl.executables import bundled_build_dir
from ns3marl.reporting.page import TextTable, markdown_table

DOCS = Path(__file__).resolve().parents[1] / "docs"
TIMEOUT_S = 1800

TOPICS = {
    "path-loss": (
        "Path loss and noise",
        (
            "The receiver's radio reports frames sent with 30 dBm over `RadioNetwork`; the table also has the mean SNR "
            "that the scenario computes. The reference loss is that of ns-3's own test, 40.046 dB at 1 m, exponent 3."
        ),
    ),
    "fading": (
        "Fading",
        (
            "50 000 independent pairs of `GaussMarkovFading`, rho = 0.9. The distance is the Kolmogorov-Smirnov "
            "distance."
        ),
    ),
    "outage": (
        "Outage",
        (
            "Outage is the share of fading states in which the server with the best mean SNR is below 7 dB at 30 dBm. "
            "It is measured with `Placement` and `RadioNetwork::GetSnrDb` at 1000 places with 500 states each. The "
            "closed form is 1 - exp(-gamma/mean SNR), integrated numerically over the density of the placement. The "
            "values of the feasibility study are for devices placed uniformly in the area; the default places 60 % of "
            "them in hotspots, which differs most for K = 3."
        ),
    ),
    "rates": (
        "Rates and air time",
        (
            "The air time of frames and A-MPDUs that the scenario's radios send, compared with durations computed from "
            "the standard without ns-3's Wi-Fi code."
        ),
    ),
    "errors": (
        "Frame errors",
        (
            "20 000 broadcasts per SNR. References are converted to the number of bits that a receiver decodes, "
            "including padding. The published values use the NIST model; the scenario uses ns-3's default tables, "
            "which are checked with MCS 7."
        ),
    ),
    "dcf": (
        "Contention",
        (
            "n saturated stations send packets of 1500 B. `802.11a` is plain ns-3 with NIST errors, no QoS and no "
            "retry limit, as in Bianchi's model. `scenario's radios` is `RadioNetwork` without aggregation: best "
            "effort, AIFSN 3, CW 15 to 1023, ACK at 6 or 24 Mb/s. ns-3's own test allows a deviation of 1.5 % in runs "
            "of 100 s. This page allows the same plus two standard errors of its shorter runs (3000 to 6000 packets). "
            "Bianchi's model is evaluated for these parameters with durations of 802.11ax and with ns-3's retry limit "
            "of 7, after which the window is reset. This limit does not drop frames of a block-ack agreement. The "
            "model leaves out two effects: a station whose frame collided waits for its ACK timeout before AIFS, and a "
            "station may send again in the slot after a success."
        ),
    ),
    "queues": (
        "Queues",
        (
            "Jobs with a mean service time of 1 s go through `EdgeServer` and `ComputeNode`: 500 000 jobs (2 000 000 "
            "at rho = 0.9), deadlines of 10 000 s. By priority: 30 % premium jobs with weights (0, 0, 1), two classes "
            "without pre-emption."
        ),
    ),
    "age": (
        "Age of information",
        "Updates go through `EdgeServer` into `AgeTracker`; the mean service time is 1 s. Lines are theory.",
    ),
    "energy": (
        "Energy",
        (
            "The energy of computing follows a published example. The energy of one frame and its acknowledgement is "
            "measured with `RadioNetwork` and `EnergyMeter`. In ns-3 a radio counts as receiving from the payload on, "
            "so preambles (20 us, HE 44 us) count with idle power."
        ),
    ),
    "arithmetic": ("Priority, fairness, levels", "The references are computed by hand."),
    "sensing": (
        "Sensing",
        (
            "Energy detection with 2500 samples, a quarter of 1 ms at 10 MHz: shares of 200 000 draws of "
            "`EnergyDetector`, and of 4000 sums of individually simulated samples. Lines are the formulas."
        ),
    ),
    "primary-users": (
        "Primary users",
        (
            "2000 users of `PrimaryUser` for 20 s each. The plot shows the share of users that are on after a lag, "
            "among those that were on at its start."
        ),
    ),
    "streets": (
        "Streets",
        (
            "Links between the vehicles of 100 networks of `cognitive-v2x`: the loss without shadowing, and the "
            "additional shadowing. The turns come from 20 000 routes of `ManhattanRoute`."
        ),
    ),
    "frames-11p": (
        "Frames of 802.11p",
        (
            "Broadcasts of the radios of `cognitive-v2x` on 10 MHz, 10 000 per SNR. There, 3 and 6 Mb/s are BPSK and "
            "QPSK of rate 1/2; the published values have them as 6 and 12 Mb/s on 20 MHz. The scenario uses ns-3's "
            "default tables and detects preambles from 4 dB on."
        ),
    ),
}


@dataclass(frozen=True)
class Axes:
    """How a plot is drawn."""

    title: str
    x: str
    y: str
    x_scale: str = "linear"
    y_scale: str = "linear"


FIGURES = {
    "path-loss": Axes("Received power and SNR", "distance [m]", "[dBm], [dB]", x_scale="log"),
    "fading-distribution": Axes("Distribution of the power gain", "power gain", "share below"),
    "fading-memory": Axes("Autocorrelation of the fading", "lag [ticks]", "autocorrelation"),
    "outage": Axes("Outage at 7 dB", "servers", "outage [%]", y_scale="log"),
    "rates": Axes("Rate of data symbols", "MCS", "rate [Mb/s]"),
    "errors": Axes("Received frames", "SNR [dB]", "share"),
    "dcf": Axes("Saturation throughput", "stations", "throughput [Mb/s]", x_scale="log", y_scale="log"),
    "queues": Axes("Mean time in the system", "load rho", "time [service times]", y_scale="log"),
    "age": Axes("Mean age of information", "load rho", "age [service times]"),
    "sensing": Axes("Receiver operating characteristic", "probability of a false alarm", "of detection"),
    "primary-users": Axes("Primary users that are on after a lag", "lag [s]", "share still or again on"),
    "streets": Axes("Path loss on streets", "distance [m]", "loss [dB]", x_scale="log"),
    "frames-11p": Axes("Received frames of 802.11p", "SNR [dB]", "share"),
}
FIGURE_OF_TOPIC = {"fading": ("fading-distribution", "fading-memory")}


@dataclass(frozen=True)
class Quantity:
    """A value of a model and its independent reference."""

    topic: str
    name: str
    unit: str
    reference: float
    source: str
    ours: float
    tolerance: float
    basis: str
    inside: bool
    figure: str | None = None
    series: str | None = None
    x: float = 0.0


@dataclass
class Series:
    """What a plot shows under one name."""

    line: list[tuple[float, float]] = field(default_factory=list)  #: the reference
    points: list[tuple[float, float, float]] = field(default_factory=list)  #: x, ours, tolerance


@dataclass
class Results:
    """Everything that the program printed."""

    quantities: list[Quantity] = field(default_factory=list)
    curves: list[dict[str, Any]] = field(default_factory=list)

    @property
    def outside(self) -> list[Quantity]:
        """Quantities outside their tolerance."""
        return [quantity for quantity in self.quantities if not quantity.inside]


def parse(lines: Iterable[str]) -> Results:
    results = Results()
    for line in lines:
        entry = json.loads(line)
        if "quantity" in entry:
            results.quantities.append(Quantity(name=entry.pop("quantity"), **entry))
        else:
            results.curves.append(entry)
    return results


def number(value: float) -> str:
    """Five significant digits, without an exponent where there is room."""
    return f"{value:.5g}" if value == 0 or 1e-4 <= abs(value) < 1e6 else f"{value:.4e}"


def table(quantities: Sequence[Quantity]) -> str:
    header = [
        "quantity",
        "unit",
        "reference",
        "model",
        "error",
        "tolerance",
        "source",
        "basis of the tolerance",
    ]
    rows = []
    for quantity in quantities:
        error = quantity.ours - quantity.reference
        cells = (
            quantity.name,
            quantity.unit,
            number(quantity.reference),
            number(quantity.ours),
            f"{error:+.2g}" + ("" if quantity.inside else " **outside**"),
            f"{quantity.tolerance:.2g}",
            quantity.source,
            quantity.basis,
        )
        rows.append(cells)
    return markdown_table(TextTable(header, rows))


def page(results: Results, cpu_s: float) -> str:
    """The content of `docs/validation.md`."""
    lines = [
        "<!-- SPDX-FileCopyrightText: The ns3marl authors -->",
        "<!-- SPDX-License-Identifier: MIT -->",
        "",
        "# Validation",
        "",
        (
            f"This page compares {len(results.quantities)} quantities of the models of [`aiot-mec`](aiot-mec.md) and "
            "[`cognitive-v2x`](cognitive-v2x.md) with independent values: theory, standards, ns-3's own tests, papers. "
            f"{len(results.outside)} lie outside their tolerance. To make this page again, run `make bench NAME=validation` "
            f"({cpu_s / 60:.0f} min of one core). ctest runs the same program with less to simulate "
            "(`ctest --test-dir build/scenarios -R validation`). [`models/`](models/README.md) has a page for each model."
        ),
        "",
        (
            "The tolerance of an estimate is four standard errors. Seeds are fixed, so results repeat. In plots, lines are references, and "
            "points are the models' results with their tolerance."
        ),
    ]
    for topic, (title, text) in TOPICS.items():
        chosen = [quantity for quantity in results.quantities if quantity.topic == topic]
        if not chosen:
            continue
        lines += ["", f"## {title}", "", text, ""]
        figures = [figure for figure in FIGURE_OF_TOPIC.get(topic, (topic,)) if figure in FIGURES]
        lines += [f"![{FIGURES[name].title}](images/validation-{name}.png)" for name in figures]
        lines += [""] * bool(figures) + [table(chosen)]
    wrapped = [line if line.startswith(("|", "!", "<")) else textwrap.fill(line, 128) for line in lines]
    return "\n".join(wrapped) + "\n"


def series_of(results: Results, figure: str) -> dict[str, Series]:
    """What a plot shows: curves where there are some, else lines through the references."""
    shown: dict[str, Series] = {}
    for curve in results.curves:
        if curve["figure"] == figure:
            shown.setdefault(curve["series"], Series()).line = list(zip(curve["x"], curve["y"], strict=True))
    has_curve = set(shown)
    for quantity in results.quantities:
        if quantity.figure == figure and quantity.series is not None:
            series = shown.setdefault(quantity.series, Series())
            series.points.append((quantity.x, quantity.ours, quantity.tolerance))
            if quantity.series not in has_curve:
                series.line.append((quantity.x, quantity.reference))
    return shown


def draw(results: Results, name: str) -> Figure:
    axes_of = FIGURES[name]
    figure = Figure(figsize=(7.0, 3.4))
    axes = figure.subplots()
    for i, (label, series) in enumerate(series_of(results, name).items()):
        colour = f"C{i % 10}"
        axes.plot(
            *zip(*series.line, strict=True), color=colour, lw=1.2, label=None if series.points else label
        )
        if series.points:
            x, y, tolerance = zip(*series.points, strict=True)
            axes.errorbar(x, y, yerr=tolerance, fmt="o", ms=4, capsize=2, lw=1, color=colour, label=label)
    axes.set(xlabel=axes_of.x, ylabel=axes_of.y, xscale=axes_of.x_scale, yscale=axes_of.y_scale)
    if axes_of.x_scale == "log":
        ticks = sorted({x for series in series_of(results, name).values() for x, *_ in series.points})
        axes.set_xticks(ticks, [number(tick) for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    if axes_of.y_scale == "log":
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_formatter(ScalarFormatter())
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def write(results: Results, cpu_s: float) -> None:
    (DOCS / "validation.md").write_text(page(results, cpu_s))
    for name, axes in FIGURES.items():
        plot = plotting.render(name, axes.title, lambda name=name: draw(results, name))  # type: ignore[misc]
        (DOCS / "images" / f"validation-{name}.png").write_bytes(plot.png)


def main() -> None:
    """Writes the page and its plots, then prints what is outside and how many quantities there are."""
    program = bundled_build_dir() / "tests" / "validation"
    done = subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode not in {0, 1}:
        raise SystemExit(f"{program} ended with {done.returncode}; its last words stand above")
    results = parse(done.stdout.splitlines())
    cpu_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    write(results, cpu_s)
    for quantity in results.outside:
        print(f"outside: {quantity.topic}, {quantity.name}: {quantity.ours} instead of {quantity.reference}")
    print(f"quantities_checked: {len(results.quantities)} quantities")
    print(f"quantities_outside_tolerance: {len(results.outside)} quantities")


if __name__ == "__main__":
    main()
