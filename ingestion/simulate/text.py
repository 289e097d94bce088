"""The simulation's arrays as DuckDB tables with text: what every feed's SQL selects from.

Arrays carry indices; here each index meets its name, once per row of its own table (a session's
landing URL is built once, not once per event). Spellings vary by `variant`, a random integer
drawn with the rest, never by DuckDB's own `hash` or `random`, which change between releases.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from ingestion.simulate.agency import IVR_CHOICES, KEYWORDS
from ingestion.simulate.catalog import MATCH_TYPES, Catalog
from ingestion.simulate.frames import Frame, size
from ingestion.simulate.numbers import NUMBER_KINDS, Numbers
from ingestion.simulate.world import DEVICES, SOURCES, SYSTEMS

ID_TYPES = ("gclid", "gbraid", "wbraid", "msclkid", "fbclid")

USER_AGENTS = {
    ("ios", "mobile"): (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",  # noqa: E501
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",  # noqa: E501
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.69 Mobile/15E148 Safari/604.1",  # noqa: E501
    ),
    ("android", "mobile"): (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",  # noqa: E501
        "Mozilla/5.0 (Linux; Android 15; SM-S926B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",  # noqa: E501
        "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
    ),
    ("windows", "desktop"): (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",  # noqa: E501
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",  # noqa: E501
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    ),
    ("macos", "desktop"): (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",  # noqa: E501
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",  # noqa: E501
    ),
    ("ios", "tablet"): (
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",  # noqa: E501
    ),
    ("android", "tablet"): (
        "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",  # noqa: E501
    ),
}
BOT_AGENTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)


def load_frame(
    connection: duckdb.DuckDBPyConnection, name: str, key: str, frame: Frame, **text: object
) -> None:
    """Create a table of the frame, its row number as `key`, and further columns."""
    columns = {key: np.arange(size(frame)), **frame, **text}
    connection.register("incoming", pa.table(columns))
    connection.execute(f"create table {name} as from incoming")
    connection.unregister("incoming")


def load_names(connection: duckdb.DuckDBPyConnection, catalog: Catalog, numbers: Numbers) -> None:
    """Create the small tables: sites, campaigns, targets, cities, numbers and codes."""
    _load_world(connection, catalog)
    kinds = [NUMBER_KINDS[kind] for kind in numbers.frame["kind"].tolist()]
    load_frame(connection, "numbers", "number", numbers.frame, e164=numbers.e164, kind_name=kinds)
    codes = [
        ("devices", DEVICES),
        ("sources", SOURCES),
        ("id_types", ID_TYPES),
        ("match_types", MATCH_TYPES),
    ]
    for table, names in codes:
        load_rows(connection, table, ("code", "name"), list(enumerate(names)))
    agents = [
        (SYSTEMS.index(system), DEVICES.index(device), slot, texts[slot % len(texts)])
        for (system, device), texts in USER_AGENTS.items()
        for slot in range(3)
    ]
    load_rows(connection, "user_agents", ("system", "device", "slot", "user_agent"), agents)
    load_rows(connection, "bot_agents", ("slot", "user_agent"), list(enumerate(BOT_AGENTS)))


def _load_world(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    world, places = catalog.world, catalog.places
    sites = [
        (i, s.host, s.vertical, s.timezone, f"pool-{s.host.split('.')[1]}", list(s.paths))
        for i, s in enumerate(world.sites)
    ]
    load_rows(
        connection, "sites", ("site", "host", "vertical", "timezone", "pool_id", "paths"), sites
    )
    columns = ("campaign", "campaign_id", "campaign_name", "platform", "account_id", "timezone",
               "utm_campaign", "network", "vertical")  # fmt: skip
    campaigns = [
        (i, c.campaign_id, c.name, c.platform, c.account_id, c.timezone, c.utm_campaign, c.network,
         c.vertical)
        for i, c in enumerate(world.campaigns)
    ]  # fmt: skip
    load_rows(connection, "campaigns", columns, campaigns)
    keywords = [
        KEYWORDS[world.campaigns[campaign].vertical][text] if text >= 0 else None
        for campaign, text in zip(
            catalog.targets["campaign"].tolist(), catalog.targets["keyword"].tolist(), strict=True
        )
    ]
    load_frame(connection, "targets", "target", catalog.targets, keyword_text=keywords)
    cities = zip(range(len(places.cities)), places.cities, places.states, places.zips, strict=True)
    load_rows(connection, "cities", ("city", "city_name", "state", "zip"), list(cities))
    areas = list(enumerate(zip(places.area_codes, places.area_main_city.tolist(), strict=True)))
    rows = [(i, code, city) for i, (code, city) in areas]
    load_rows(connection, "areas", ("area", "area_code", "city"), rows)
    ivr = [row for vertical in IVR_CHOICES for row in IVR_CHOICES[vertical]]
    ivr_rows = [(i, path, label) for i, (path, label) in enumerate(ivr)]
    load_rows(connection, "ivr", ("ivr", "ivr_path", "ivr_selection"), ivr_rows)


def load_rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Create a table of these rows."""
    table = pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
    connection.register("incoming", table)
    connection.execute(f"create table {name} as from incoming")
    connection.unregister("incoming")


TARGET_TEXT_SQL = """
    create table target_text as
    select
        target,
        campaigns.*,
        campaign_id || '0' || (ad_group + 1) as ad_group_id,
        'Ad group ' || (ad_group + 1) as ad_group_name,
        campaign_id || '9' || (ad_group + 1) || '1' as ad_id,
        case when keyword >= 0 then 'kwd-' || (300100 + target) end as keyword_id,
        keyword_text,
        case when keyword >= 0 then match_types.name end as match_type,
        '/lp/' || replace(campaigns.vertical, '_', '-') || '-' || (ad_group + 1) as landing_path
    from targets
    join campaigns using (campaign)
    join match_types on match_types.code = targets.match
    order by target
"""

_UTM_SQL = """
    case platform
        when 'google_ads' then 'utm_source=google&utm_medium=cpc&utm_campaign=' || utm_campaign
        when 'microsoft_ads' then 'utm_source=bing&utm_medium=cpc&utm_campaign='
            || url_encode(utm_campaign)
        else 'utm_source=facebook&utm_medium=paid_social&utm_campaign=' || url_encode(utm_campaign)
    end || coalesce('&utm_term=' || url_encode(keyword_text), '')
"""

_REFERRER_SQL = """
    case
        when platform = 'google_ads' and network = 'display'
            then 'https://googleads.g.doubleclick.net/'
        when platform = 'google_ads' then 'https://www.google.com/'
        when platform = 'microsoft_ads' then 'https://www.bing.com/'
        when platform = 'meta_ads' and variant % 3 = 0 then 'https://l.instagram.com/'
        when platform = 'meta_ads' then 'https://l.facebook.com/'
        when sources.name = 'organic' or (sources.name = 'return' and variant % 10 < 3)
            then (['https://www.google.com/', 'https://www.google.com/', 'https://www.google.com/',
                'https://www.bing.com/', 'https://duckduckgo.com/',
                'https://search.yahoo.com/'])[1 + variant % 6]
        when sources.name = 'referral'
            then (['https://www.yelp.com/biz', 'https://www.angi.com/companylist',
                'https://www.bbb.org/profile', 'https://citynews.example/best-of'])[1 + variant % 4]
        when sources.name = 'organic_social' then 'https://l.facebook.com/'
    end
"""

SESSION_TEXT_SQL = f"""
    create table session_text as
    with described as (
        select
            sessions.*,
            sources.name as source_name,
            target_text.platform,
            clicks.id_kind,
            case
                when sessions.click >= 0 and not clicks.stripped then clicks.click_id
                when sources.name = 'organic_social' and variant % 10 < 7 then social_click_id
            end as visible_click_id,
            case when clicks.has_utm then {_UTM_SQL}
                when sources.name = 'email'
                    then 'utm_source=newsletter&utm_medium=email&utm_campaign=news-'
                        || strftime(epoch_ms(sessions.t), '%Y-%m')
            end as utm,
            {_REFERRER_SQL} as referrer,
            coalesce(landing_path, paths[1 + variant % 5]) as landing_path,
            sites.host,
            sites.paths,
            sites.pool_id
        from sessions
        join sites using (site)
        join sources on sources.code = sessions.source
        left join clicks on clicks.click = sessions.click
        left join target_text on target_text.target = clicks.target
    )
    select
        described.* exclude (shown_number),
        substr(md5('visitor:' || $seed || ':' || visitor), 1, 20) as visitor_id,
        'https://' || host || landing_path || coalesce('?' || nullif(concat_ws('&',
            coalesce(id_types.name, 'fbclid') || '=' || visible_click_id, utm), ''), '')
            as landing_url,
        case when is_bot then bot_agents.user_agent else user_agents.user_agent end as user_agent,
        case when variant % 7 <> 0 and not is_bot then devices.name end as device_type,
        cities.city_name,
        cities.state,
        cities.zip,
        case when variant % 100 < 80 then 'granted' when variant % 100 < 91 then 'denied'
            when variant % 100 < 95 then 'unknown' end as ad_user_data,
        case when variant % 100 < 74 then 'granted' when variant % 100 < 91 then 'denied'
            when variant % 100 < 95 then 'unknown' end as ad_personalization,
        numbers.e164 as shown_number,
        case when described.slot >= 0 then pool_id end as shown_pool_id
    from described
    join cities using (city)
    join devices on devices.code = described.device
    join bot_agents on bot_agents.slot = variant % 3
    left join id_types on id_types.code = described.id_kind
    left join user_agents on user_agents.system = described.system
        and user_agents.device = described.device and user_agents.slot = variant % 3
    left join numbers on numbers.number = described.shown_number
    order by session
"""
