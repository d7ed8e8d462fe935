# SPDX-License-Identifier: MIT
"""What a class has done: how the points are distributed, and how often each of them was lost."""

import statistics

from grader import report

STEPS = 10  # of the distribution
WIDTH = 50  # of its longest bar


def distribution(scores, most):
    """Returns a line for each tenth of the points that there are, and one for all of them."""
    ends = sorted({most * step // STEPS for step in range(STEPS)} | {most})
    counts = [sum(start <= score < end for score in scores) for start, end in zip(ends, [*ends[1:], most + 1])]
    widest = max(counts)
    lines = []
    for start, end, count in zip(ends, [*ends[1:], most + 1], counts):
        points = str(start) if end == start + 1 else f"{start} to {end - 1}"
        lines.append(f"{points:>12} points  {count:4}  {'#' * -(-count * WIDTH // max(widest, WIDTH))}".rstrip())
    return lines


def losses(points, ran):
    """Returns a line for each point: how many of these submissions have lost it, most first."""
    lost = [sum(not one.result[number].passed for one in ran) for number in range(len(points))]
    order = sorted(range(len(points)), key=lambda number: -lost[number])
    return [f"{lost[number]:5} {100 * lost[number] // len(ran):4}%  {points[number].name} ({points[number].worth}, {points[number].kind})"
            for number in order]


def text(lab, points, found):
    """Returns the statistics of submissions that were all graded."""
    most = sum(point.worth for point in points)
    scores = [report.score(one.result)[0] for one in found]
    ran = [one for one in found if not one.error]
    lines = [f"lab {lab.name}: {len(found)} submissions, {most} points; {len(found) - len(ran)} of them did not compile or were not graded",
             f"mean {statistics.mean(scores):.1f}, median {statistics.median(scores):g}, least {min(scores)}, most {max(scores)}", "",
             *distribution(scores, most)]
    if ran:
        lines += ["", f"lost by, of the {len(ran)} that ran:", *losses(points, ran)]
    return "\n".join(lines) + "\n"
