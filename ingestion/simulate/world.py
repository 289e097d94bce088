"""The parameters of the made-up agency, in one frozen hierarchy.

`World()` is the default. A world that breaks an assumption is made by replacing a part:

    starved = replace(World(), pools=replace(World().pools, numbers_per_session=1.5))

What a parameter does is said where it stands; the oracle reads the same objects as the
simulation, so the two cannot disagree about the truth.
"""

from dataclasses import dataclass, field
from datetime import date

from ingestion.simulate.agency import CAMPAIGNS, SITES, Campaign, Site
from ingestion.simulate.places import AreaMix

DEVICES = ("mobile", "desktop", "tablet")
SYSTEMS = ("ios", "android", "windows", "macos")
SOURCES = ("ad", "organic", "direct", "referral", "organic_social", "email", "return", "bot")
LINE_TYPES = ("mobile", "landline", "voip", "toll_free", "unknown")


@dataclass(frozen=True)
class Traffic:
    """Who visits, when and how long."""

    click_hours: tuple[float, ...] = (
        *(0.9, 0.6, 0.4, 0.3, 0.4, 0.8, 1.8, 3.2, 4.8, 6.0, 6.6, 6.8),
        *(6.6, 6.4, 6.3, 6.2, 6.0, 5.8, 5.9, 6.1, 6.2, 5.2, 3.4, 1.8),
    )
    """Visits by hour of the account's or site's day, up to a factor."""
    weekday_factors: tuple[float, ...] = (1.08, 1.1, 1.06, 1.04, 0.98, 0.86, 0.88)
    non_ad_per_click: float = 0.42
    non_ad_sources: tuple[float, ...] = (0.50, 0.26, 0.12, 0.07, 0.05)
    """Shares of organic, direct, referral, organic_social, email (without the newsletters)."""
    newsletter_every_days: int = 14
    newsletter_pool_multiple: float = 1.3
    """Visits that one newsletter brings, as a multiple of the site's pool: what overflows it."""
    newsletter_minutes: float = 14.0
    return_share: float = 0.09
    returning_clicker_share: float = 0.05
    bot_share: float = 0.012
    geo_error: float = 0.08
    """The reported city is wrong: the visitor lives anywhere in the nation."""
    home_state_share: float = 0.6
    """Of visits that no ad targeted, those from the site's own state."""
    landing_seconds: tuple[float, float] = (2.0, 30.0)


@dataclass(frozen=True)
class Browsing:
    """What a seen visitor does on the pages."""

    next_page: float = 0.52
    most_pages: int = 8
    dwell_median_seconds: float = 38.0
    dwell_sigma: float = 1.0
    last_page_median_seconds: float = 55.0
    open_tab_share: float = 0.012
    open_tab_hours: tuple[float, float] = (1.0, 7.0)
    shown_again: float = 0.18
    """A later page reports the number once more."""
    form_share: float = 0.012
    form_phone_share: float = 0.75
    idle_tap_share: float = 0.006
    """Mobile sessions with a tap on the number that no call follows."""


@dataclass(frozen=True)
class Tracking:
    """How much of a click reaches the web events and the reports."""

    blocked: tuple[float, ...] = (0.12, 0.2, 0.12)
    """By device: the script never runs, the visitor reads the fallback number. Meta: none."""
    blocked_at: tuple[tuple[int, float], ...] = ()
    """(index of a site, share): a client who hardly set the script up."""
    stripped_ios: float = 0.20
    stripped_other: float = 0.025
    utm_survives: float = 0.7
    braid_ios: float = 0.15
    """Google clicks on iOS with gbraid or wbraid for a gclid; the report does not list these."""
    gclid_holds_time: float = 0.3
    landing_url_reported: float = 0.55
    call_asset_share: float = 0.058
    """Of Google search clicks on a phone, those that dial from the ad."""


@dataclass(frozen=True)
class Pools:
    """Numbers that DNI gives to visitors."""

    numbers_per_session: float = 38.0
    """Size of a site's pool over its mean count of live leases."""
    smallest: int = 8
    lease_idle_minutes: int = 30
    mean_lease_minutes: float = 37.0


@dataclass(frozen=True)
class Delay:
    """Delay from touch to call: lognormals as (share, median seconds, sigma)."""

    mobile: tuple[tuple[float, float, float], ...] = (
        (0.69, 95.0, 1.0),
        (0.08, 560.0, 0.7),
        (0.23, 2.6 * 86400, 1.0),
    )
    desktop: tuple[tuple[float, float, float], ...] = (
        (0.56, 170.0, 1.0),
        (0.11, 650.0, 0.7),
        (0.33, 2.8 * 86400, 1.0),
    )
    again: tuple[tuple[float, float, float], ...] = ((1.0, 2.0 * 86400, 1.0),)
    again_rate: float = 0.14
    """Further calls that a caller means to make, per first call meant; each `again` later."""
    window_days: int = 30
    unleased_stretch: float = 1.0
    """Who was given no pool number waits this many times as long: no labelled call shows it."""

    def of_device(self, device: int) -> tuple[tuple[float, float, float], ...]:
        """Mixture for a device index; a tablet waits like a desktop."""
        return self.mobile if DEVICES[device] == "mobile" else self.desktop


@dataclass(frozen=True)
class Propensity:
    """Calls that a touch means to make; the hour of the call then accepts or refuses."""

    by_vertical: dict[str, float] = field(
        default_factory=lambda: {
            "legal": 0.07,
            "home_services": 0.1,
            "insurance": 0.06,
            "dental": 0.082,
        }
    )
    by_device: tuple[float, ...] = (1.25, 0.65, 0.8)
    drift: tuple[float, ...] = (1.0, 1.0, 1.0)
    """By device the factor that a touch's propensity gains from the first day to the last."""
    by_pages: tuple[float, ...] = (0.6, 1.0, 1.5, 2.0)
    """By page views 1, 2, 3, 4 and more."""
    by_source: tuple[float, ...] = (1.0, 0.85, 0.9, 0.7, 0.3, 0.15, 1.3, 0.0)
    """In the order of SOURCES."""
    keyword_sigma: float = 0.35
    call_hours: tuple[float, ...] = (
        *(0.05, 0.03, 0.03, 0.03, 0.04, 0.08, 0.25, 0.55, 0.9, 1.0, 1.0, 1.0),
        *(0.95, 1.0, 1.0, 1.0, 0.95, 0.85, 0.7, 0.55, 0.4, 0.28, 0.16, 0.08),
    )
    """Share of meant calls that are made, by local hour of the site."""
    call_asset: float = 0.55


@dataclass(frozen=True)
class Dialling:
    """Which number a caller dials."""

    leak: float = 0.025
    """While the lease is live, the fallback number all the same (a saved contact, a listing)."""
    saved: float = 0.57
    """After the lease lapsed, the pool number once shown, else the fallback number."""
    saved_again: float = 0.75
    """The same for a caller who calls again."""
    tap: float = 0.8
    """Calls from a phone while the page is open that come with a tap on the number."""


@dataclass(frozen=True)
class Marks:
    """What a call shows of its caller."""

    areas: AreaMix = field(default_factory=AreaMix)
    lines: tuple[tuple[float, ...], ...] = (
        (0.90, 0.04, 0.055, 0.005),
        (0.60, 0.26, 0.13, 0.01),
        (0.66, 0.22, 0.11, 0.01),
    )
    """Line type (mobile, landline, voip, toll_free) by device."""
    null_lines: tuple[float, ...] = (0.52, 0.34, 0.12, 0.02)
    landlines_at_home: float = 0.0
    """Of landlines, those that keep to their owner's city: area code and line type go together."""
    null_home_city: float = 0.55
    null_home_state: float = 0.25
    withheld: float = 0.025
    line_unknown: float = 0.05


@dataclass(frozen=True)
class OtherCalls:
    """Calls that no web touch explains; rates per day at 2,000 clicks a day."""

    null_per_site: float = 3.8
    null_again: float = 0.1
    wrong_numbers_per_site: float = 0.12
    billboard_per_number: float = 1.6
    robocallers_per_day: float = 0.35
    robocalls_each: int = 12
    robocalls_published: float = 0.6


@dataclass(frozen=True)
class Dirt:
    """What goes wrong on the way to the landing folder."""

    repeats: float = 0.01
    bad_rows: float = 0.001
    late_versions: float = 0.03
    restated_spend: float = 0.1


@dataclass(frozen=True)
class World:
    """Everything that is true of the agency."""

    last_day: date = date(2026, 11, 15)
    sites: tuple[Site, ...] = SITES
    campaigns: tuple[Campaign, ...] = CAMPAIGNS
    traffic: Traffic = Traffic()
    browsing: Browsing = Browsing()
    tracking: Tracking = Tracking()
    pools: Pools = Pools()
    delay: Delay = Delay()
    propensity: Propensity = field(default_factory=Propensity)
    dialling: Dialling = Dialling()
    marks: Marks = Marks()
    other_calls: OtherCalls = OtherCalls()
    dirt: Dirt = Dirt()
    device_shares: tuple[tuple[str, tuple[float, ...]], ...] = (
        ("google_ads", (0.60, 0.34, 0.06)),
        ("microsoft_ads", (0.25, 0.69, 0.06)),
        ("meta_ads", (0.88, 0.08, 0.04)),
        ("none", (0.52, 0.42, 0.06)),
    )
    ios_share: float = 0.55
    """Of phones; a tablet is an iPad as often, and a desktop Windows in two of three cases."""
