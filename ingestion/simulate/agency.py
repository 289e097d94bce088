"""The agency's clients: sites, ad accounts, campaigns and keywords, as data."""

from dataclasses import dataclass, field

EASTERN, CENTRAL = "America/New_York", "America/Chicago"
MOUNTAIN, PACIFIC = "America/Denver", "America/Los_Angeles"


@dataclass(frozen=True)
class Site:
    """A client's web site, its phone numbers' area code and its home market."""

    host: str
    vertical: str
    city: str
    state: str
    area_code: str
    timezone: str
    share: float
    """Share of the visits that no ad brought."""
    paths: tuple[str, ...] = field(default=("/", "/services", "/about", "/reviews", "/contact"))


@dataclass(frozen=True)
class Campaign:
    """A campaign of an ad account, and the sites that its clicks land on."""

    campaign_id: str
    name: str
    platform: str
    account_id: str
    timezone: str
    share: float
    vertical: str
    sites: tuple[tuple[int, float], ...]
    """(index of the site, share of the campaign's clicks)."""
    network: str = "search"
    states: tuple[str, ...] = ()
    """Geo-targets; none is the whole nation."""
    ad_groups: int = 3

    @property
    def utm_campaign(self) -> str:
        """Google puts the id into the URL, the others the name: consistently."""
        return self.campaign_id if self.platform == "google_ads" else self.name


def _site(row: str, share: float) -> Site:
    host, vertical, city, state, area_code, timezone = row.split("|")
    return Site(host, vertical, city, state, area_code, timezone, share)


SITES = (
    _site(f"www.acme-injury-law.example|legal|New York|NY|212|{EASTERN}", 0.16),
    _site(f"www.keystone-disability.example|legal|Philadelphia|PA|215|{EASTERN}", 0.12),
    _site(f"www.brightpipe-plumbing.example|home_services|Houston|TX|713|{CENTRAL}", 0.17),
    _site(f"www.northwind-hvac.example|home_services|Chicago|IL|312|{CENTRAL}", 0.14),
    _site(f"www.summit-roof-repair.example|home_services|Denver|CO|303|{MOUNTAIN}", 0.12),
    _site(f"www.harborline-insurance.example|insurance|Los Angeles|CA|213|{PACIFIC}", 0.15),
    _site(f"www.pearl-street-dental.example|dental|Seattle|WA|206|{PACIFIC}", 0.14),
)


def _google(number: str, name: str, share: float, vertical: str, **more: object) -> Campaign:
    account, timezone = {
        "legal": ("410-221-7781", EASTERN),
        "home_services": ("410-221-9034", CENTRAL),
        "insurance": ("882-140-3317", PACIFIC),
        "dental": ("882-140-5520", PACIFIC),
    }[vertical]
    campaign = (f"2043{number}", name, "google_ads", account, timezone, share, vertical)
    return Campaign(*campaign, **more)  # type: ignore[arg-type]


def _microsoft(number: str, name: str, share: float, vertical: str, **more: object) -> Campaign:
    account = ("F119KX27", EASTERN) if vertical == "legal" else ("F119MQ40", CENTRAL)
    campaign = (f"3710{number}", name, "microsoft_ads", *account, share, vertical)
    return Campaign(*campaign, **more)  # type: ignore[arg-type]


def _meta(number: str, name: str, share: float, vertical: str, **more: object) -> Campaign:
    campaign = (f"12021{number}770", name, "meta_ads", "act_90217745", EASTERN, share, vertical)
    return Campaign(*campaign, network="social", ad_groups=2, **more)  # type: ignore[arg-type]


NORTHEAST = ("NY", "NJ", "CT", "MA", "PA", "DE", "MD")
MIDWEST = ("IL", "WI", "IN", "MI", "OH", "MO")
MOUNTAINS = ("CO", "UT", "NM", "WY", "NE", "KS")
NORTHWEST = ("WA", "OR", "ID")

CAMPAIGNS = (
    _google(
        "118801",
        "Injury | Search | Metro",
        0.085,
        "legal",
        sites=((0, 1.0),),
        states=("NY", "NJ", "CT"),
    ),
    _google("118802", "Disability | Search", 0.06, "legal", sites=((1, 1.0),), states=NORTHEAST),
    _google("118803", "Legal | Brand and generic", 0.055, "legal", sites=((0, 0.6), (1, 0.4))),
    _google(
        "224101",
        "Plumbing | Search | Texas",
        0.09,
        "home_services",
        sites=((2, 1.0),),
        states=("TX", "OK", "LA"),
    ),
    _google(
        "224102",
        "HVAC | Search | Midwest",
        0.075,
        "home_services",
        sites=((3, 1.0),),
        states=MIDWEST,
    ),
    _google(
        "224103", "Roofing | Search", 0.06, "home_services", sites=((4, 1.0),), states=MOUNTAINS
    ),
    _google("224104", "Home | Emergency", 0.055, "home_services", sites=((2, 0.55), (3, 0.45))),
    _google(
        "224105",
        "Home | Display",
        0.03,
        "home_services",
        sites=((3, 0.5), (4, 0.5)),
        network="display",
    ),
    _google(
        "330701",
        "Auto insurance | Search",
        0.08,
        "insurance",
        sites=((5, 1.0),),
        states=("CA", "NV", "AZ"),
    ),
    _google("330702", "Insurance | National", 0.045, "insurance", sites=((5, 1.0),)),
    _google(
        "441901", "Dental | Search | Northwest", 0.07, "dental", sites=((6, 1.0),), states=NORTHWEST
    ),
    _microsoft(
        "55013", "Legal - Bing", 0.05, "legal", sites=((0, 0.5), (1, 0.5)), states=NORTHEAST
    ),
    _microsoft("55027", "Home - Bing", 0.045, "home_services", sites=((2, 0.5), (4, 0.5))),
    _microsoft("55031", "Insurance - Bing", 0.035, "insurance", sites=((5, 1.0),)),
    _meta("40010", "Injury leads", 0.035, "legal", sites=((0, 1.0),), states=NORTHEAST),
    _meta("40011", "HVAC autumn offer", 0.045, "home_services", sites=((3, 0.7), (4, 0.3))),
    _meta("40012", "Auto quotes", 0.04, "insurance", sites=((5, 1.0),), states=("CA", "NV", "AZ")),
    _meta("40013", "New patients", 0.045, "dental", sites=((6, 1.0),), states=NORTHWEST),
)

KEYWORDS = {
    "legal": (
        "car accident lawyer", "personal injury attorney", "truck accident lawyer",
        "disability lawyer near me", "slip and fall attorney", "social security attorney",
        "injury lawyer free consultation", "wrongful death lawyer",
    ),
    "home_services": (
        "emergency plumber", "furnace repair near me", "roof leak repair", "ac repair",
        "water heater replacement", "drain cleaning", "roofing contractor", "boiler service",
    ),
    "insurance": (
        "cheap car insurance", "auto insurance quotes", "sr22 insurance", "insurance agent near me",
        "full coverage insurance", "insurance for new drivers",
    ),
    "dental": (
        "dentist near me", "emergency dentist", "dental implants", "teeth whitening",
        "wisdom tooth removal", "invisalign cost",
    ),
}  # fmt: skip

IVR_CHOICES = {
    "legal": (
        ("1", "new_case"),
        ("1>2", "auto_accident"),
        ("2", "existing_client"),
        ("3", "billing"),
    ),
    "home_services": (
        ("1", "emergency_repair"),
        ("2", "free_estimate"),
        ("2>1", "replacement"),
        ("3", "billing"),
    ),
    "insurance": (("1", "new_quote"), ("1>3", "sr22_quote"), ("2", "claims"), ("3", "service")),
    "dental": (("1", "new_patient"), ("2", "appointment"), ("3", "billing")),
}


@dataclass(frozen=True)
class Buyer:
    """Who pays for the calls of a vertical."""

    buyer_id: str
    name: str
    vertical: str
    forwarded_to: str
    min_talk_seconds: int
    payout: int
    duplicate_window_days: int
    timezone: str
    share: float


BUYERS = (
    Buyer("buy-legal-1", "Harlow Intake", "legal", "+18885550111", 90, 240, 60, EASTERN, 0.6),
    Buyer("buy-legal-2", "Case Connect", "legal", "+18885550112", 120, 310, 90, EASTERN, 0.4),
    Buyer("buy-home-1", "FixIt Network", "home_services", "+18885550121", 60, 45, 30, CENTRAL, 0.5),
    Buyer("buy-home-2", "Trade Desk", "home_services", "+18885550122", 90, 62, 30, CENTRAL, 0.3),
    Buyer(
        "buy-home-3", "Roof Partners", "home_services", "+18885550123", 90, 85, 45, MOUNTAIN, 0.2
    ),
    Buyer("buy-ins-1", "Quote Hub", "insurance", "+18885550131", 90, 38, 30, PACIFIC, 0.7),
    Buyer("buy-ins-2", "Policy Line", "insurance", "+18885550132", 120, 52, 30, PACIFIC, 0.3),
    Buyer("buy-dental-1", "Smile Desk", "dental", "+18885550141", 60, 70, 90, PACIFIC, 1.0),
)
