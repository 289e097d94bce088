{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

{#
    Calls whose dialled number says where they come from. The seed number_sources outranks the feed
    field by field. A platform's call report never changes the answer: it adds the ad group, and the
    campaign only where the number has none of its own.
#}

with

calls as (

    select * from {{ ref('int_calls') }}

    where {{ only_touched('call_id', 'int_calls_touched') }}

),

number_sources as (

    select * from {{ ref('number_sources') }}

),

platform_calls as (

    select * from {{ ref('int_platform_calls_matched') }}

),

declared as (

    select
        calls.call_id,
        number_sources.channel,
        number_sources.platform,
        number_sources.campaign_id,
        row_number() over (
            partition by calls.call_id order by number_sources.valid_from desc nulls last
        ) as declaration_rank

    from calls

    inner join number_sources
        on
            calls.to_number = number_sources.tracking_number
            and coalesce(calls.call_started_at >= number_sources.valid_from, true)
            and coalesce(calls.call_started_at < number_sources.valid_to, true)

),

latest_declared as (

    select * from declared
    where declaration_rank = 1

),

sourced as (

    select
        calls.call_id,
        coalesce(latest_declared.channel, calls.number_channel, 'Offline') as channel,
        coalesce(latest_declared.platform, calls.number_platform) as platform,
        coalesce(latest_declared.campaign_id, calls.number_campaign_id) as campaign_id

    from calls

    left join latest_declared
        on calls.call_id = latest_declared.call_id

    where
        calls.number_kind in ('static', 'call_asset')
        or latest_declared.call_id is not null

),

-- A call fits one report at most. Platform and campaign are compared after the join: as conditions
-- of it, DuckDB compares every call with every report.
reported as (

    select
        sourced.*,
        platform_calls.campaign_id as reported_campaign_id,
        platform_calls.ad_group_id,
        coalesce(
            sourced.platform = platform_calls.platform
            and coalesce(sourced.campaign_id = platform_calls.campaign_id, true),
            false
        ) as is_reported

    from sourced

    left join platform_calls
        on sourced.call_id = platform_calls.call_id

),

final as (

    select
        call_id,
        channel,
        platform,
        coalesce(campaign_id, case when is_reported then reported_campaign_id end) as campaign_id,
        case when is_reported then ad_group_id end as ad_group_id

    from reported

)

select * from final
