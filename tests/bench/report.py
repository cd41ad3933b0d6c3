# SPDX-License-Identifier: EUPL-1.2
"""From the figures of all runs to medians and ratios, a table and a plot."""
import math
import statistics

KEYS = ("cpu_us", "per_second", "p50_us", "p90_us", "p99_us", "p999_us",
        "peak_kb")


def summary(row, runs, failed):
    """One row as JSON. runs: peer to the list of its results."""
    out = {"name": row.name, "title": row.title, "unit": row.unit, "peers": {},
           "failed": failed, "ratios": {}, "missed": []}
    for peer, results in runs.items():
        if not results:
            continue
        figures = [r[row.figure] for r in results]
        entry = {"figure": statistics.median(figures), "least": min(figures),
                 "most": max(figures), "version": results[0]["version"],
                 "runs": results}
        for key in KEYS:
            entry[key] = statistics.median(r[key] for r in results)
        out["peers"][peer] = entry
    judge(row, out)
    return out


def judge(row, out):
    """Compare sparsamd with each peer, and with what must hold."""
    own = out["peers"].get("sparsamd")
    if own is None:
        return
    if row.most and own["figure"] > row.most:
        out["missed"].append("%.1f %s, at most %g" % (own["figure"], row.unit,
                                                      row.most))
    for peer, entry in out["peers"].items():
        if peer in ("sparsamd", "direct") or entry["figure"] <= 0:
            continue
        ratio = out["ratios"][peer] = own["figure"] / entry["figure"]
        limit = row.limits.get(peer)
        if limit is not None and ratio > limit:
            out["missed"].append("%.3f of %s, at most %g" % (ratio, peer,
                                                             limit))
        over = own["figure"] - entry["figure"]
        if over > row.over.get(peer, math.inf):
            out["missed"].append("%.0f over %s, at most %g" % (
                over, peer, row.over[peer]))


def table(row, out):
    print("\n%s: %s" % (row.name, out["title"]))
    print("%-10s %14s %15s %9s %8s %8s %9s %9s  %s" % (
        "peer", row.unit, "least..most", "sparsamd/", "p50 us", "p99 us",
        "per sec.", "peak MB", "version"))
    for peer, p in out["peers"].items():
        ratio = out["ratios"].get(peer)
        limit = row.limits.get(peer)
        print("%-10s %14.1f %15s %9s %8d %8d %9d %9.1f  %s" % (
            peer, p["figure"], "%.1f..%.1f" % (p["least"], p["most"]),
            "" if ratio is None else "%.2f%s" % (
                ratio, "" if limit is None else " (%g)" % limit),
            p["p50_us"], p["p99_us"], p["per_second"], p["peak_kb"] / 1000,
            p["version"]))
    for peer, why in out["failed"].items():
        print("%-10s left out: %s" % (peer, why))
    for text in out["missed"]:
        print("MISSED: " + text)


LINE, LEFT, WIDTH = 17, 150, 760
PLOT = WIDTH - LEFT - 130


def number(x):
    return "%.3g" % x if x < 1000 else "%d" % round(x)


def plot(rows):
    """SVG: each row a group of lines, a dot for each peer, on one logarithmic
    axis: how many times the figure of sparsamd. Left of 1 is better than we."""
    def text(x, y, words, more=""):
        words = words.replace("&", "&amp;").replace("<", "&lt;")
        lines.append('<text x="%.1f" y="%.1f" %s>%s</text>' % (x, y, more,
                                                               words))

    def at(ratio):
        span = math.log(high) - math.log(low)
        return LEFT + PLOT * (math.log(ratio) - math.log(low)) / span

    rows = [r for r in rows if r["peers"].get("sparsamd")]
    times = [1 / q for r in rows for q in r["ratios"].values()] or [1]
    low, high = min(0.5, min(times)), max(4, max(times) * 1.2)
    lines, y = [], 40
    for r in rows:
        y += LINE
        title = r["title"] if len(r["title"]) < 100 else r["title"][:97] + "..."
        text(10, y, title, 'font-weight="bold"')
        own = r["peers"]["sparsamd"]["figure"]
        for peer, p in r["peers"].items():
            if peer == "direct" or p["figure"] <= 0:
                continue
            y += LINE
            x = at(p["figure"] / own)
            text(LEFT - 10, y, peer, 'text-anchor="end"')
            lines.append('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" '
                         'stroke="#ccc"/>' % (at(1), x, y - 4, y - 4))
            lines.append('<circle cx="%.1f" cy="%d" r="5" fill="%s"/>' % (
                x, y - 4, "#b03060" if peer == "sparsamd" else "#36648b"))
            text(WIDTH - 120, y, "%s %s" % (
                number(p["figure"]), r["unit"].replace("CPU ", "")))
        y += LINE // 2
    axis = []
    tick = 2.0 ** math.ceil(math.log2(low))
    while tick <= high:
        axis.append('<line x1="%.1f" x2="%.1f" y1="34" y2="%d" stroke="%s"/>'
                    '<text x="%.1f" y="28" text-anchor="middle">%gx</text>' % (
                        at(tick), at(tick), y, "#000" if tick == 1 else "#eee",
                        at(tick), tick))
        tick *= 2
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
            'font-family="sans-serif" font-size="11">'
            '<rect width="100%%" height="100%%" fill="#fff"/>'
            '<text x="10" y="14">cost, as a multiple of that of sparsamd '
            '(logarithmic); left of the line is less</text>%s%s</svg>\n' % (
                WIDTH, y + 10, "".join(axis), "".join(lines)))
