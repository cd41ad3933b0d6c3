# SPDX-License-Identifier: EUPL-1.2
"""Results as TAP lines, for tests that run no gateway."""

count = 0


def ok(good, name, *notes, skip=""):
    """One result; notes are shown when it is not good. good, back again."""
    global count
    count += 1
    print("%sok %d - %s%s" % ("" if good else "not ", count, name,
                              " # SKIP " + skip if skip else ""))
    for note in () if good else notes:
        print("# " + str(note).replace("\n", "\n# "))
    return good


def plan():
    print("1..%d" % count)
