{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

{#
    A repeat caller inherits the source of the latest earlier call that has evidence of its own. Where
    that evidence is a visitor, the call belongs to the visitor's latest session before it: the click
    of an earlier session is never put on a later one.

    A window carries the earlier call forward, so that a caller with thousands of calls costs a sort
    and not the square of them.
#}

with

calls as (

    select * from {{ ref('int_calls') }}

    where
        caller_key is not null
        and not is_spam
        and {{ only_touched('call_id', 'int_calls_touched') }}

),

evidenced as (

    select * from {{ ref('int_calls_evidenced_directly') }}

),

sequenced as (

    select
        calls.call_id,
        calls.call_started_at,
        last_value(evidenced.call_id ignore nulls) over (
            partition by calls.caller_key
            order by calls.call_started_at, calls.call_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_call_id

    from calls

    left join evidenced
        on calls.call_id = evidenced.call_id

),

inheriting as (

    select
        sequenced.call_id,
        sequenced.call_started_at,
        sequenced.earlier_call_id,
        evidenced.visitor_id,
        evidenced.channel,
        evidenced.platform,
        evidenced.campaign_id,
        evidenced.ad_group_id

    from sequenced

    inner join calls as earlier_calls
        on
            sequenced.earlier_call_id = earlier_calls.call_id
            and earlier_calls.call_started_at
            >= sequenced.call_started_at - interval '{{ var("attribution_lookback_days") }} days'

    inner join evidenced
        on sequenced.earlier_call_id = evidenced.call_id

),

visited as (

    select
        inheriting.call_id,
        inheriting.earlier_call_id,
        case when inheriting.visitor_id is null then 'number' else 'session' end as evidence_kind,
        inheriting.visitor_id,
        sourced_sessions.session_id,
        coalesce(sourced_sessions.channel, inheriting.channel) as channel,
        coalesce(sourced_sessions.platform, inheriting.platform) as platform,
        coalesce(sourced_sessions.campaign_id, inheriting.campaign_id) as campaign_id,
        coalesce(sourced_sessions.ad_group_id, inheriting.ad_group_id) as ad_group_id,
        row_number() over (
            partition by inheriting.call_id
            order by sourced_sessions.session_start_at desc, sourced_sessions.session_id asc
        ) as session_recency

    from inheriting

    left join {{ ref('int_sessions_sourced') }} as sourced_sessions
        on
            inheriting.visitor_id = sourced_sessions.visitor_id
            and not sourced_sessions.is_bot
            and inheriting.call_started_at >= sourced_sessions.session_start_at

),

final as (

    select
        call_id,
        earlier_call_id,
        evidence_kind,
        visitor_id,
        session_id,
        channel,
        platform,
        campaign_id,
        ad_group_id

    from visited

    where session_recency = 1 and (evidence_kind = 'number' or session_id is not null)

)

select * from final
