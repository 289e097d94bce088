"""Channels, hosts and robots, by the shipped seeds: page views go in, sessions come out.

One warehouse for all of them: a dbt process costs ten seconds, a page view nothing. Each page view
is a visitor of its own, named by the case.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
import tldextract

from tests.builds import Build
from tests.warehouse import query

pytestmark = pytest.mark.integration

CONTRADICTS_GA4 = {"source": "alibaba", "medium": "", "campaign": ""}
"""Expected to be Paid Shopping there, but by Google's definition only a paid medium makes it so."""

REFERRERS = {
    "https://www.google.co.uk/": "Organic Search",
    "https://www.google.com.vn/search?q=x": "Organic Search",
    "android-app://com.google.android.googlequicksearchbox/": "Organic Search",
    "https://duckduckgo.com/": "Organic Search",
    "https://l.facebook.com/l.php?u=x": "Organic Social",
    "https://t.co/abc": "Organic Social",
    "https://m.youtube.com/watch?v=x": "Organic Video",
    "https://www.amazon.de/dp/1": "Organic Shopping",
    "https://mail.google.com/mail/u/0/": "Email",
    "https://sites.google.com/view/x": "Referral",
    "https://news.example.org/story": "Referral",
    "https://pay.example.com/done": "Direct",
    "https://www.example.com/": "Direct",
}
"""Referrers of a page on www.example.com; its own registrable domain is no referrer."""

CLICK_IDS = {
    "gclid=a": "Paid Search",
    "gbraid=a&utm_source=newsletter&utm_medium=email": "Paid Search",
    "wbraid=a": "Paid Search",
    "msclkid=a": "Paid Search",
    "fbclid=a": "Organic Social",
    "fbclid=b&utm_source=ig&utm_medium=paid": "Paid Social",
    "ttclid=a": "Organic Social",
    "ttclid=b&utm_source=tiktok&utm_medium=cpc": "Paid Social",
}

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Mobile/22G86 [FBAN/FBIOS;FBAV/530.0.0.39.71;FBBV/790345678;"
    "FBDV/iPhone15,2;FBMD/iPhone]",
    "Mozilla/5.0 (Linux; Android 15; SM-S928U) AppleWebKit/537.36 (KHTML, like Gecko)"
    " SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
    " Chrome/140.0.7339.51 Mobile Safari/537.36 GSA/16.35.65.sa.arm64",
]
ROBOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "AdsBot-Google (+http://www.google.com/adsbot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " HeadlessChrome/141.0.0.0 Safari/537.36",
    "python-requests/2.32.3",
    "curl/8.14.1",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
]
HOSTS = [
    "shop.example.co.uk",
    "example.com.au",
    "a.b.c.example.com",
    "city.kobe.jp",
    "www.deep.ward.kobe.jp",
    "www.ck",
    "foo.bar.ck",
    "tenant.myshopify.com",
    "site.blogspot.com",
    "xn--bcher-kva.example.xn--p1ai",
]


def make_page_view(visitor_id: str, **overrides: object) -> dict[str, object]:
    """A page view of a visitor who does nothing else."""
    return {
        "event_id": visitor_id,
        "event_type": "page_view",
        "occurred_at": "2026-11-01T12:00:00Z",
        "received_at": "2026-11-01T12:00:01Z",
        "visitor_id": visitor_id,
        "page_url": "https://www.example.com/",
        **overrides,
    }


@pytest.fixture(scope="module")
def ga4_cases(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "ga4_channels" / "velir_ga4_cases.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sessions(ga4_cases: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the sessions of every case here."""
    folder = tmp_path_factory.mktemp("channels")
    page_views = [
        *(make_page_view(f"ga4-{n}", page_url=_tagged(case)) for n, case in enumerate(ga4_cases)),
        *(make_page_view(f"from {url}", page_referrer=url) for url in REFERRERS),
        *(
            make_page_view(f"click {query}", page_url=f"https://www.example.com/?{query}")
            for query in CLICK_IDS
        ),
        *(make_page_view(f"agent {agent}", user_agent=agent) for agent in (*PEOPLE, *ROBOTS)),
        *(make_page_view(f"on {host}", page_url=f"https://{host}/?utm_source=x") for host in HOSTS),
    ]
    return _build_sessions(folder, page_views)


def _tagged(case: Mapping[str, str]) -> str:
    tags = {f"utm_{tag}": case[tag] for tag in ("source", "medium", "campaign") if case[tag]}
    return f"https://www.example.com/?{urlencode(tags)}"


def _build_sessions(folder: Path, page_views: Iterable[Mapping[str, object]]) -> Path:
    landing = folder / "landing" / "web_events"
    landing.mkdir(parents=True)
    lines = "".join(f"{json.dumps(page_view)}\n" for page_view in page_views)
    (landing / "part-0.jsonl").write_text(lines)
    build = Build(folder)
    build.load(landing.parent)
    arguments = "build --quiet --select +int_sessions --exclude-resource-type test unit_test"
    build.dbt(*arguments.split())
    return build.warehouse


def _channels(warehouse: Path, prefix: str) -> dict[str, str]:
    """Channel by case, of the visitors whose names begin with `prefix`."""
    rows = query(warehouse, "select visitor_id, channel from intermediate.int_sessions")
    return {
        visitor.removeprefix(prefix): channel
        for visitor, channel in rows
        if visitor.startswith(prefix)
    }


def test_tags_give_the_default_channel_group_of_ga4(
    sessions: Path, ga4_cases: list[dict[str, str]]
) -> None:
    channels = _channels(sessions, "ga4-")
    expected = {str(n): case.pop("expected_channel") for n, case in enumerate(ga4_cases)}
    differing = [ga4_cases[int(n)] for n in expected if channels[n] != expected[n]]

    assert len(channels) == len(expected)
    assert differing == [CONTRADICTS_GA4]


def test_referrers_are_known_by_host_brand_and_registrable_domain(sessions: Path) -> None:
    assert _channels(sessions, "from ") == REFERRERS


def test_click_ids_imply_their_channel_whatever_the_tags_say(sessions: Path) -> None:
    assert _channels(sessions, "click ") == CLICK_IDS


def test_robots_are_told_from_people_by_user_agent(sessions: Path) -> None:
    rows = query(sessions, "select visitor_id from intermediate.int_sessions where is_bot")
    assert {visitor.removeprefix("agent ") for (visitor,) in rows} == set(ROBOTS)


def test_registrable_domains_are_those_of_the_public_suffix_list(sessions: Path) -> None:
    rows = query(sessions, "select * from intermediate.int_registrable_domains")
    extract = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True)
    found = {host: domain for host, domain in rows if host in HOSTS}

    assert found == {host: extract(host).top_domain_under_public_suffix for host in HOSTS}
