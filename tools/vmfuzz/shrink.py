# SPDX-License-Identifier: MIT
"""Finds a few items of many that suffice to show a difference. Tests many candidates at a time."""


def shares(items, count):
    """Splits a list into N parts of nearly the same length."""
    at = [len(items) * number // count for number in range(count + 1)]
    return [items[first:last] for first, last in zip(at, at[1:])]


def without(items, part):
    """Returns the items that are not of this part."""
    gone = set(part)
    return [item for item in items if item not in gone]


def ddmin(items, shows):
    """Removes the items that are not needed (Zeller's ddmin). shows(candidates) returns the index of the first
    candidate, a list of items, that still shows the difference, or None."""
    count = 2
    while len(items) >= 2:
        parts = shares(items, count)
        candidates = parts + [without(items, part) for part in parts] if count > 2 else parts
        found = shows(candidates)
        if found is not None:
            items = candidates[found]
            count = 2 if found < len(parts) else max(count - 1, 2)
        elif count >= len(items):
            break
        else:
            count = min(count * 2, len(items))
    if len(items) == 1 and shows([[]]) is not None:
        return []
    return items


def ranges(numbers):
    """Writes sorted numbers as the program reads them: 1-5,8."""
    words, first = [], None
    for number, following in zip(numbers, [*numbers[1:], None]):
        first = number if first is None else first
        if following != number + 1:
            words.append(str(first) if first == number else f"{first}-{number}")
            first = None
    return ",".join(words) or "0"
