"""Numbers and text as the report prints them. A missing value is an en dash everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

MISSING = "–"  # noqa: RUF001 - an en dash is meant
MINUS = "−"  # noqa: RUF001 - a minus sign lines up with the plus sign, a hyphen does not


def fixed(value: float | None, digits: int = 4) -> str:
    """Return a number with fixed digits: 0.8784."""
    return MISSING if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 4) -> str:
    """Return a number that always carries its sign: +0.0023; what rounds to zero has none."""
    if value is None:
        return MISSING
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def spread(mean: float | None, std: float | None, digits: int = 4) -> str:
    """Return mean and standard deviation, or the mean alone where one value has no deviation."""
    return fixed(mean, digits) if std is None else f"{fixed(mean, digits)} ± {fixed(std, digits)}"


def span(low: float | None, high: float | None, digits: int = 4) -> str:
    """Return two bounds: 0.8741 to 0.8822."""
    return MISSING if low is None or high is None else f"{fixed(low, digits)} to {fixed(high, digits)}"


def signed_span(low: float | None, high: float | None, digits: int = 4) -> str:
    """Return two bounds of a difference: +0.0012 to +0.0043."""
    return MISSING if low is None or high is None else f"{signed(low, digits)} to {signed(high, digits)}"


def percent(value: float | None) -> str:
    """Return a share as whole percent: 40%."""
    return MISSING if value is None else f"{100 * value:.0f}%"


def thousands(value: float | None) -> str:
    """Return a whole number in groups of three: 101,770."""
    return MISSING if value is None else f"{value:,.0f}"


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Return a number with its noun: 1 trial, 3 trials."""
    return f"{thousands(count)} {noun if count == 1 else nouns or noun + 's'}"


def listed(parts: Sequence[str]) -> str:
    """Return parts as a person lists them: a, b and c."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def probability(value: float | None) -> str:
    """Return a p-value with three digits, and no false precision below."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float | None) -> str:
    """Return seconds as a person says them: 45 s, 3 min 20 s, 2 h 5 min."""
    if seconds is None:
        return MISSING
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def setting(value: Any) -> str:
    """Return a configuration value as it stands in YAML flow style; None is a missing one."""
    if value is None:
        return MISSING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def slug(text: str) -> str:
    """Return a text as an identifier that HTML and CSS accept."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def markdown(text: Any) -> str:
    """Escape a text for one line of Markdown, table cells included: no markup, no HTML, no line break."""
    if text is None:
        return MISSING
    line = " ".join(str(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", line)


def code(text: Any) -> str:
    """Return a text as a Markdown code span that survives in a table: a pipe must be escaped even there."""
    line = " ".join(str(text).split()).replace("|", r"\|")
    ticks = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{ticks} {line} {ticks}" if len(ticks) > 1 else f"`{line}`"
