# SPDX-License-Identifier: EUPL-1.2
"""What the lints share: the list of our files, and TAP output."""
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# Made by other programs, or foreign text: no limits apply.
NOT_OURS = ("tests/data/", "COPYING", "tests/fuzz/corpus/")


def files(*ends, under=("",)):
    """Paths of our files, relative to the top, sorted. In a git checkout those
    that git knows or would take; in an unpacked tarball all there are."""
    if os.path.exists(os.path.join(TOP, ".git")):
        out = subprocess.run(
            ["git", "-C", TOP, "-c", "safe.directory=*", "ls-files", "-z",
             "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.split("\0")
    else:
        out = [os.path.relpath(os.path.join(d, f), TOP)
               for d, _, fs in os.walk(TOP) for f in fs]
    return sorted({f for f in out if f and f.endswith(ends or ("",)) and
                   f.startswith(under) and not f.startswith(NOT_OURS) and
                   os.path.isfile(os.path.join(TOP, f))})


def text(path):
    with open(os.path.join(TOP, path), encoding="utf-8",
              errors="surrogateescape") as f:
        return f.read()


def without_comments(source):
    """C text in which comments, strings and character constants are blanks;
    line breaks stay where they are."""
    out, i, n = [], 0, len(source)
    while i < n:
        two = source[i:i + 2]
        if two == "/*":
            end = source.find("*/", i + 2)
            end = n if end < 0 else end + 2
        elif two == "//":
            end = source.find("\n", i)
            end = n if end < 0 else end
        elif source[i] in "\"'":
            end = i + 1
            while end < n and source[end] != source[i]:
                end += 2 if source[end] == "\\" else 1
            end = min(end + 1, n)
        else:
            out.append(source[i])
            i += 1
            continue
        out.append("".join(c if c == "\n" else " " for c in source[i:end]))
        i = end
    return "".join(out)


def report(name, problems, note=""):
    """One TAP result; returns the exit status."""
    print("1..1")
    for p in problems:
        print("# " + p)
    print("%s 1 - %s%s" % ("not ok" if problems else "ok", name,
                           " (" + note + ")" if note else ""))
    return 1 if problems else 0
