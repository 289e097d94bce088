{{ config(materialized='view') }}

{#
    Evidence that names a campaign or source but no web session. Numbers, platforms' call reports and
    IVR choices are certain by declaration; what an earlier call of the caller to a static number
    says of this one is as reliable as measured.
#}

with

numbers as (

    select * from {{ ref('int_calls_traced_to_numbers') }}

),

earlier_calls as (

    select * from {{ ref('int_calls_traced_to_earlier_calls') }}
    where evidence_kind = 'number'

),

reliability as (

    select * from {{ ref('stg_ml__evidence_reliability') }}
    where attribution_method = 'caller_history' and evidence_kind = 'number'

),

platform_calls as (

    select * from {{ ref('int_platform_calls_matched') }}

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

),

ivr_choices as (

    select * from {{ ref('int_calls_traced_to_ivr_choices') }}

),

final as (

    select
        call_id,
        1 as evidence_order,
        'static_number' as attribution_method,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        cast(1 as double) as credit,
        null as model_version

    from numbers

    union all

    select
        earlier_calls.call_id,
        5 as evidence_order,
        'caller_history' as attribution_method,
        earlier_calls.channel,
        earlier_calls.platform,
        earlier_calls.campaign_id,
        earlier_calls.ad_group_id,
        reliability.reliability as credit,
        reliability.model_version

    from earlier_calls

    cross join reliability

    union all

    select
        platform_calls.call_id,
        6 as evidence_order,
        'platform_call' as attribution_method,
        campaign_channels.channel,
        platform_calls.platform,
        platform_calls.campaign_id,
        platform_calls.ad_group_id,
        cast(1 as double) as credit,
        null as model_version

    from platform_calls

    left join campaign_channels
        on
            platform_calls.platform = campaign_channels.platform
            and platform_calls.campaign_id is not distinct from campaign_channels.campaign_id

    union all

    select
        call_id,
        7 as evidence_order,
        'ivr' as attribution_method,
        channel,
        platform,
        campaign_id,
        null as ad_group_id,
        cast(1 as double) as credit,
        null as model_version

    from ivr_choices

)

select * from final
