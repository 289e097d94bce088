"""Writes the seeds that other people maintain: public suffixes, user agents of robots, US holidays.

    .venv/bin/python dbt_project/seeds/refresh_seeds.py

All come out of installed packages, so a refresh needs no network and is a reviewable diff:

- `public_suffixes.csv`: the rules of the Public Suffix List (MPL-2.0) with two labels or more, from
  the snapshot inside tldextract. A single label needs no rule: it is the list's default.
- `bot_user_agents.csv`: the plain texts among crawlerdetect's patterns (MIT, from CrawlerDetect by
  Mark Beech), in lower case, less those that a shorter one of them contains already. Patterns that
  need a regular expression are left out: searching a text for a text is an order of magnitude
  faster, and the generic words below catch most of what those patterns catch. The words that look
  like robots and are telephones go in as `is_bot` false.
- `us_holidays.csv`: when US federal holidays are observed, from pandas' calendar (BSD).

The other seeds are written by hand.
"""

from __future__ import annotations

import csv
import re
from importlib import resources
from pathlib import Path

from crawlerdetect.providers import crawlers
from pandas.tseries.holiday import USFederalHolidayCalendar

SEEDS = Path(__file__).parent
HOLIDAY_YEARS = ("2020-01-01", "2035-12-31")
GENERIC_TOKENS = (
    *("bot", "crawl", "spider", "scrap", "slurp", "fetch", "monitor", "headless"),
    *("curl/", "wget", "java/", "libwww", "go-http-client"),
)
TELEPHONES = ("cubot", "; m bot", "; b bot", "; crono", "; idbot", "; id bot", "; power bot")
# Shorter texts of the list also occur inside ordinary user agents.
SHORTEST_TOKEN = 5
SPECIAL_CHARACTERS = re.compile(r"[\[\](){}*+?^$|\\]")
ESCAPED_CHARACTER = re.compile(r"\\([^a-zA-Z0-9])")


def public_suffix_rules() -> list[str]:
    """Rules of two labels or more, in the ASCII form that stands in URLs."""
    snapshot = resources.files("tldextract").joinpath(".tld_set_snapshot").read_text("utf-8")
    lines = (line.strip() for line in snapshot.splitlines())
    rules = {line for line in lines if line and not line.startswith("//") and "." in line}
    return sorted(_ascii_form(rule) for rule in rules)


def _ascii_form(rule: str) -> str:
    """Labels outside ASCII as punycode; `*` and `!` stay as they are."""
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        for label in rule.split(".")
    )


def bot_tokens() -> list[str]:
    """Texts that mark a robot wherever they occur in a lower-case user agent."""
    literals = (ESCAPED_CHARACTER.sub(r"\1", pattern).lower() for pattern in crawlers.data)
    plain = {text for text in literals if not SPECIAL_CHARACTERS.search(text)}
    tokens: list[str] = []
    candidates = {text for text in plain if len(text) >= SHORTEST_TOKEN}.union(GENERIC_TOKENS)
    for text in sorted(candidates, key=lambda candidate: (len(candidate), candidate)):
        if not any(token in text for token in tokens):
            tokens.append(text)
    return sorted(tokens)


def us_holidays() -> list[list[str]]:
    """Day and name of every federal holiday as it is observed, by day."""
    holidays = USFederalHolidayCalendar().holidays(*HOLIDAY_YEARS, return_name=True)
    return [[day.date().isoformat(), name] for day, name in holidays.items()]


def _write(name: str, header: list[str], rows: list[list[str]]) -> None:
    with (SEEDS / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Write the seeds beside this file."""
    _write("public_suffixes.csv", ["suffix"], [[rule] for rule in public_suffix_rules()])
    tokens = [[token, "true"] for token in bot_tokens()]
    telephones = [[token, "false"] for token in TELEPHONES]
    _write("bot_user_agents.csv", ["token", "is_bot"], tokens + telephones)
    _write("us_holidays.csv", ["holiday_date", "holiday_name"], us_holidays())


if __name__ == "__main__":
    main()
