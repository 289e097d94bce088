"""Paths of channels as text, the form in which SQL counts them."""

from collections.abc import Iterable

STEP_SEPARATOR = " > "
"""Between the steps of a path; int_journey_paths writes it."""

Path = tuple[str, ...]


def parse_path(text: str) -> Path:
    """Return the steps of a path.

    Examples
    --------
    >>> parse_path("Email > Paid Search > Email")
    ('Email', 'Paid Search', 'Email')
    """
    return tuple(text.split(STEP_SEPARATOR))


def without_channel(path: Path, channel: str, *, is_collapsed: bool) -> Path:
    """Return the path that is left when a channel had not been there.

    Parameters
    ----------
    path
        Channels in order.
    channel
        The channel to take out, wherever it stands.
    is_collapsed
        Whether steps of one channel that now meet become one, as everywhere in the counts.

    Examples
    --------
    >>> without_channel(("Email", "Direct", "Email"), "Direct", is_collapsed=True)
    ('Email',)
    """
    left = tuple(step for step in path if step != channel)
    return collapsed(left) if is_collapsed else left


def collapsed(path: Iterable[str]) -> Path:
    """Return the path with consecutive repeats as one step.

    Examples
    --------
    >>> collapsed(("Email", "Email", "Direct", "Email"))
    ('Email', 'Direct', 'Email')
    """
    steps: list[str] = []
    for step in path:
        if not steps or steps[-1] != step:
            steps.append(step)
    return tuple(steps)
