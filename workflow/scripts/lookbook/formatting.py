"""Numbers and texts as the report prints them. A missing value is an en dash."""

import html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

MISSING = "–"  # noqa: RUF001 - an en dash
NO_BREAK = "\N{NO-BREAK SPACE}"
SHORT = 12  # characters of a text that stays on one line
MINUS = "−"  # noqa: RUF001 - a minus sign is as wide as a plus sign, a hyphen is not


def fixed(value: float | None, digits: int = 4) -> str:
    """Return a number with fixed digits: 0.8784."""
    return MISSING if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None) -> str:
    """Return a number with its sign: +0.0023. A number that rounds to zero has no sign."""
    if value is None:
        return MISSING
    text = f"{value:+.4f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def spread(mean: float | None, std: float | None) -> str:
    """Return mean and standard deviation, or only the mean if there is a single value."""
    return fixed(mean) if std is None else f"{fixed(mean)} ± {fixed(std)}"


def span(low: float | None, high: float | None, write: Callable[[float], str] = fixed) -> str:
    """Return two bounds: 0.8741 to 0.8822, or those of a difference if ``write`` is ``signed``."""
    return MISSING if low is None or high is None else f"{write(low)} to {write(high)}"


def percent(value: float | None) -> str:
    """Return a share as a whole percentage: 40%."""
    return MISSING if value is None else f"{100 * value:.0f}%"


def thousands(value: float) -> str:
    """Return a whole number in groups of three: 101,770."""
    return f"{value:,.0f}"


def plural(count: float, noun: str, nouns: str | None = None) -> str:
    """Return a number with its noun: 1 trial, 3 trials."""
    return f"{thousands(count)} {noun if count == 1 else nouns or noun + 's'}"


def listed(parts: Sequence[str]) -> str:
    """Return the parts of an enumeration: a, b and c."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def probability(value: float | None) -> str:
    """Return a p-value with three digits: 0.012, or "< 0.001"."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: 45 s, 3 min 20 s, 2 h 5 min."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def setting(value: Any) -> str:
    """Return a configuration value in YAML's flow style; None is missing."""
    if value is None:
        return MISSING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def slug(text: str) -> str:
    """Return a text as an identifier for HTML and CSS."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def markdown(text: str) -> str:
    """Escape a text for one line of Markdown, such as a table cell: no markup, no HTML, no line break."""
    line = html.escape(re.sub(r"\s+", " ", text), quote=False)
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", line)


def two_lines(text: str) -> str:
    """Return a Markdown text that wraps at its middle only: GitHub would give a column a word a line.

    All other spaces, in a short text all of them, and the hyphens of words become non-breaking ones, except in code,
    which is copied.
    """
    parts = re.split(r"(`[^`]*`)", text)
    spaces = [match.start() for match in re.finditer(r"`[^`]*`| ", text) if match[0] == " "]
    middle = min(spaces, key=lambda place: abs(place - len(text) / 2), default=None) if len(text) > SHORT else None
    kept = "".join(part if part.startswith("`") else unbroken(part) for part in parts)
    return kept if middle is None else f"{kept[:middle]} {kept[middle + 1 :]}"


def unbroken(text: str) -> str:
    """Return a text of the same length that stays on one line."""
    return re.sub(r"(?<=[^\W\d])-(?=[^\W\d])", "\N{NON-BREAKING HYPHEN}", text.replace(" ", NO_BREAK))


def code(text: str) -> str:
    """Return a text as a Markdown code span; in a table a pipe must be escaped even there."""
    line = " ".join(text.split()).replace("|", r"\|")
    ticks = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{ticks} {line} {ticks}" if len(ticks) > 1 else f"`{line}`"
