"""The feeds around the telephone: CDRs, outcomes, platform calls, numbers and buyers, as SQL."""

from ingestion.simulate.feeds import Feed, day_folder, instant

_WITHHELD = """
    (['anonymous', '+266696687', null, 'restricted', '', 'unavailable', 'client:desk'])
        [1 + call % 7]
"""

CDR = Feed(
    "cdr",
    f"""
    with versions as (
        select *, false as is_early from call_text
        union all
        select *, true as is_early from call_text where is_late
    )
    select
        call_id,
        (['twilio', 'callrail', 'freeswitch'])[1 + site % 3] as provider,
        case when site % 3 = 2
            then strftime(epoch_ms(t - 6 * 3600000), '%Y-%m-%dT%H:%M:%S.%g-06:00')
            else {instant("t")} end as started_at,
        case when answered and not is_early then {instant("t + 1000 * ring")} end as answered_at,
        case when not is_early then {instant("t + 1000 * duration")} end as ended_at,
        case when withheld then {_WITHHELD} else caller_number end as from_number,
        dialled as to_number,
        case when answered and not is_early then forwarded_to end as forwarded_to,
        'inbound' as direction,
        case when is_early then 'no-answer' else status_name end as status,
        case when is_early then 0 else duration end as duration_seconds,
        case when not is_early then talk end as talk_seconds,
        case when not withheld then caller_city end as caller_city,
        case when not withheld then caller_state end as caller_state,
        case when not withheld then caller_zip end as caller_zip,
        case when not withheld then 'US' end as caller_country,
        line_name as line_type,
        case when has_ivr then ivr_path end as ivr_path,
        case when has_ivr then ivr_selection end as ivr_selection,
        case when answered and not is_early then buyer_id end as buyer_id,
        case when is_early then null when answered then 'NORMAL_CLEARING'
            when status_name = 'busy' then 'USER_BUSY' when status_name = 'no-answer'
            then 'NO_ANSWER' else 'ORIGINATOR_CANCEL' end as hangup_cause,
        case when answered and not is_early then mos end as mos,
        case when answered and not is_early then jitter end as jitter_ms,
        case when answered and not is_early then loss end as packet_loss_pct,
        case when answered and not is_early and call % 3 = 0
            then 'https://recordings.example/' || call_id end as recording_url,
        case when not is_early then round(cost_micros / 1000000.0, 4)::decimal(18, 4) end as cost,
        case when not is_early then 'USD' end as currency,
        case when is_early then {instant("t + 1000")}
            else {instant("t + 1000 * duration + 5000")} end as updated_at,
        'cdr/' || case when is_late and not is_early then {day_folder("t + 86400000")}
            else {day_folder("t")} end || '/calls.jsonl' as _file,
        row_number() over (order by t, call, is_early desc) as _order
    from versions
    """,
)

CALL_OUTCOMES = Feed(
    "call_outcomes",
    f"""
    with versions as (
        select *, 1 as version from outcomes
        union all
        select * replace (0.0 as revenue), 0 as version from outcomes where is_restated
    )
    select
        call_id,
        outcome_names.name as outcome,
        case when outcome_names.name in ('qualified', 'sale', 'refund')
            then revenue::decimal(18, 2) end as revenue,
        'USD' as currency,
        buyer_id,
        {instant("versions.t")} as occurred_at,
        {instant("versions.t + 60000 + version::bigint * 9 * 3600000")} as updated_at,
        'call_outcomes/' || strftime(date_trunc('week', epoch_ms(versions.t)), '%Y/%m/%d')
            || '/outcomes.jsonl.gz' as _file,
        row_number() over (order by versions.t, call_id, outcome_names.name, version) as _order
    from versions
    join call_text using (call)
    join outcome_names on outcome_names.code = versions.outcome
    """,
)

PLATFORM_CALLS = Feed(
    "platform_calls",
    """
    with reported as (
        select call_text.*, target_text.campaign_id, target_text.account_id,
            target_text.ad_group_id
        from call_text
        join clicks using (click)
        join target_text using (target)
        where call_text.kind_name = 'call_asset' and call % 12 > 0
    )
    select
        'google_ads' as platform,
        account_id,
        'pc-' || substr(md5('platform:' || $seed || ':' || call), 1, 16) as platform_call_id,
        epoch_ms(t // 1000 * 1000 - 1000 * (call % 3)) as started_at,
        duration as duration_seconds,
        'US' as caller_country,
        case when duration >= 15 and not withheld then substr(caller_number, 3, 3) end
            as caller_area_code,
        'mobile_click_to_call' as call_type,
        case when answered then 'received' else 'missed' end as status,
        campaign_id,
        ad_group_id,
        'platform_calls/' || strftime(date_trunc('week', epoch_ms(t)), '%Y/%m/%d')
            || '/calls.parquet' as _file,
        row_number() over (order by t, call) as _order
    from reported
    """,
)

TRACKING_NUMBERS = Feed(
    "tracking_numbers",
    f"""
    with named as (
        select
            numbers.*,
            host,
            sites.vertical,
            pool_id,
            campaigns.campaign_id as asset_campaign_id,
            campaigns.campaign_name as asset_campaign_name,
            kind_name = 'static' and numbers.number = $moving_billboard as moves,
            (epoch_ms($first_day::timestamp)) as opened
        from numbers
        join sites using (site)
        left join campaigns on campaigns.campaign = numbers.campaign
    ),
    periods as (
        select *, 0 as period, 0 as version, not moves as is_open from named
        union all
        select *, 0, 1, false from named where moves
        union all
        select *, 1, 1, true from named where moves
    )
    select
        e164 as tracking_number,
        kind_name as kind,
        case when kind_name = 'pool' then pool_id end as pool_id,
        case when kind_name = 'call_asset' then 'google_ads' end as platform,
        case kind_name when 'static' then 'Offline' when 'call_asset' then 'Paid Search' end
            as channel,
        case kind_name when 'static' then billboard_id(number, period)
            when 'call_asset' then asset_campaign_id end as campaign_id,
        case kind_name when 'static' then 'Billboard ' || billboard_id(number, period)
            when 'call_asset' then asset_campaign_name end as campaign_name,
        vertical,
        case when kind_name in ('fallback', 'static') then host end as site,
        {instant("case when period = 1 then $moves_at else opened - 90::bigint * 86400000 end")}
            as valid_from,
        case when version = 1 and not is_open then {instant("$moves_at")} end as valid_to,
        {instant("case when version = 1 then $moves_at else opened - 90::bigint * 86400000 end")}
            as updated_at,
        'tracking_numbers/' || case when version = 1 then 'changes.jsonl' else 'numbers.csv' end
            as _file,
        row_number() over (order by number, period, version) as _order
    from periods
    """,
)

BUYERS_FEED = Feed(
    "buyers",
    f"""
    select
        buyer_id, name, vertical,
        min_talk_seconds::varchar as min_talk_seconds,
        payout::varchar as payout,
        'USD' as currency,
        duplicate_window_days::varchar as duplicate_window_days,
        timezone,
        {instant("epoch_ms($first_day::timestamp) - 90::bigint * 86400000")} as updated_at,
        'buyers/buyers.csv' as _file,
        row_number() over (order by buyer_id) as _order
    from buyers
    """,
)

CALL_TEXT_SQL = """
    create table call_text as
    select
        calls.*,
        'CA' || md5('call:' || $seed || ':' || call) as call_id,
        call_kinds.name as kind_name,
        numbers.e164 as dialled,
        numbers.kind_name as match_kind,
        statuses.name as status_name,
        case when withheld then null else coalesce(line_types.name, 'unknown') end as line_name,
        callers.phone as caller_number,
        cities.city_name as caller_city,
        cities.state as caller_state,
        cities.zip as caller_zip,
        ivr_path,
        ivr_selection,
        buyer_id,
        forwarded_to
    from calls
    join call_kinds on call_kinds.code = calls.kind
    join numbers on numbers.number = calls.number
    join statuses on statuses.code = calls.status
    join callers on callers.caller_row = calls.caller_row
    join areas on areas.area = callers.area
    join cities on cities.city = areas.city
    join ivr on ivr.ivr = calls.ivr
    join buyers on buyers.buyer = calls.buyer
    left join line_types on line_types.code = calls.line
    order by call
"""

BILLBOARD_SQL = """
    create macro billboard_id(number, period) as 'BB-' || (100 + number) || case
        when period = 1 then '-NEW' else '' end
"""
