"""Searches a program's settings on held-out training documents, one setting after the other.

It starts at the defaults, tries the other values of each setting of the grid in turn with the best
values so far for the others, keeps the better ones, and stops when the budget is over: the form of
`decant tune`, with the same score and the same budget of seconds.
"""


def score(metrics):
    """As in decant tune: the first rank alone is noisy, the list alone may have the wrong top."""
    return (metrics["P@1"] + metrics["nDCG@5"]) / 2


def search(start, grid, attempt, seconds_left):
    """attempt: settings -> metrics, or None if it failed; the first is always made.

    Returns the best settings, their score, and the number of attempts.
    """
    best, metrics = start, attempt(start)
    best_score, attempts = score(metrics) if metrics else -1.0, 1
    for name, values in grid:
        kept = best
        for value in values:
            if kept.get(name) == value:
                continue
            if seconds_left() <= 0:
                return best, best_score, attempts
            tried = {**kept, name: value}
            metrics = attempt(tried)
            attempts += 1
            if metrics and score(metrics) > best_score:
                best, best_score = tried, score(metrics)
    return best, best_score, attempts
