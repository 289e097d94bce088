"""The feeds of web events and ads, as SQL over the tables of `text.py`.

A feed is a table with the contract's fields in its order, and three of its own: `_file` (where
the row goes, below the landing root), `_order` (its place) and, after `dirt.py`, `_bad`.
"""

from dataclasses import dataclass

RFC3339 = "'%Y-%m-%dT%H:%M:%S.%gZ'"


@dataclass(frozen=True)
class Feed:
    """A feed's name and the query that gives its rows."""

    name: str
    sql: str


def instant(milliseconds: str) -> str:
    """SQL for RFC 3339 text of an epoch in milliseconds."""
    return f"strftime(epoch_ms({milliseconds}), {RFC3339})"


def day_folder(milliseconds: str) -> str:
    """SQL for `YYYY/MM/DD` of an epoch in milliseconds, in UTC."""
    return f"strftime(epoch_ms({milliseconds}), '%Y/%m/%d')"


WEB_EVENTS = Feed(
    "web_events",
    """
    select
        md5('event:' || $seed || ':' || events.event) as event_id,
        event_types.name as event_type,
        epoch_ms(events.t) as occurred_at,
        epoch_ms(events.t + 40 + (events.event * 7919) % 1900) as received_at,
        visitor_id,
        case when page = 0 then landing_url
            else 'https://' || host || paths[1 + (variant + page) % 5] end as page_url,
        case when event_types.name <> 'page_view' then null
            when page = 0 then referrer
            else 'https://' || host || landing_path end as page_referrer,
        user_agent,
        device_type,
        'US' as geo_country,
        state as geo_region,
        city_name as geo_city,
        zip as geo_zip,
        case when starts_with(event_types.name, 'number_') then shown_pool_id end as pool_id,
        case when starts_with(event_types.name, 'number_') then shown_number end
            as tracking_number,
        case when event_types.name = 'form_submit' and events.event % 4 > 0
            then visitor_phones.phone end as form_phone,
        ad_user_data as consent_ad_user_data,
        ad_personalization as consent_ad_personalization,
        'web_events/' || strftime(epoch_ms(events.t), '%Y/%m/%d') || case
            when epoch_ms(events.t)::date - $first_day::date in (3, 10, 17, 24)
                then '/events.jsonl.gz' else '/events.parquet' end as _file,
        events.event + 1 as _order
    from events
    join event_types on event_types.code = events.type
    join session_text using (session)
    left join visitor_phones using (visitor)
    """,
)

AD_CLICKS = Feed(
    "ad_clicks",
    f"""
    select
        platform,
        click_id,
        id_types.name as click_id_type,
        case when platform <> 'google_ads' then {instant("clicks.t // 1000 * 1000")} end
            as clicked_at,
        click_date,
        account_id,
        target_text.timezone as account_timezone,
        campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, keyword_id, keyword_text,
        match_type,
        devices.name as device,
        network,
        case when call_asset then 'call' else 'url' end as click_type,
        'US' as geo_country,
        state as geo_region,
        city_name as geo_city,
        case when has_landing_url and not call_asset
            then 'https://' || sites.host || landing_path end as landing_url,
        case when platform = 'google_ads'
            then 'ad_clicks/' || strftime(click_date, '%Y/%m/%d') || '/google.csv.gz'
            else 'ad_clicks/' || strftime(date_trunc('week', click_date), '%Y/%m/%d')
                || '/microsoft.parquet' end as _file,
        row_number() over (order by click_date, click_id) as _order
    from clicks
    join click_days using (day)
    join target_text using (target)
    join cities using (city)
    join sites using (site)
    join devices on devices.code = clicks.device
    join id_types on id_types.code = clicks.id_kind
    where id_types.name in ('gclid', 'msclkid')
    """,
)

_SPEND_ROWS = """
    with clicked as (
        select
            platform, account_id, click_date as spend_date, campaign_id, ad_group_id, keyword_id,
            devices.name as device, campaign_name, ad_group_name, keyword_text, match_type,
            count(*) as clicks,
            min(target) as target,
            min(network) as network
        from clicks
        join click_days using (day)
        join target_text using (target)
        join devices on devices.code = clicks.device
        group by all
    ),
    priced as (
        select
            *,
            clicks * (case network when 'search' then 14 when 'social' then 70 else 180 end
                + target % 9) as impressions,
            (case network when 'search' then 3.10 when 'social' then 1.45 else 0.62 end
                * (1 + (target * 37 % 100) / 80.0) * clicks)::decimal(18, 2) as cost,
            epoch_ms(spend_date::timestamp) + 30 * 3600000 as reported_at,
            row_number() over (order by spend_date, campaign_id, ad_group_id, keyword_id, device)
                as rank
        from clicked
    )
"""

AD_SPEND = Feed(
    "ad_spend",
    f"""
    {_SPEND_ROWS},
    versions as (
        select *, 0 as version from priced
        union all
        select * replace (cost + (clicks * 0.07)::decimal(18, 2) as cost), 1 as version
        from priced where rank % 1000 < $restated * 1000
    )
    select
        platform, account_id, spend_date::varchar as spend_date, campaign_id, ad_group_id,
        keyword_id, device, campaign_name, ad_group_name, keyword_text, match_type,
        impressions::varchar as impressions,
        clicks::varchar as clicks,
        cost::varchar as cost,
        'USD' as currency,
        {instant("reported_at + version::bigint * 2 * 86400000")} as updated_at,
        'ad_spend/' || strftime(spend_date + 2 * version::integer, '%Y/%m/%d') || '/spend.csv'
            as _file,
        row_number() over (order by spend_date, version, rank) as _order
    from versions
    """,
)
