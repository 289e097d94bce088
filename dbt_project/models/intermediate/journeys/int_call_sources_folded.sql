{{ config(materialized='incremental', touched={'int_calls_recredited': 'call_id'}) }}

{#
    Candidates of little credit are folded by campaign and lose their path: a lost call has hundreds
    of them, and the path behind a hundredth of a call moves no report.
#}

with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

credits as (

    select * from {{ ref('fct_call_credits') }}

    where
        (
            attribution_layer = 'unattributed'
            or (not is_remainder and credit >= {{ var('multi_touch_min_credit') }})
        )
        and {{ only_touched('call_id', 'int_calls_recredited') }}

),

small_credits as (

    select * from {{ ref('fct_call_credits') }}

    where
        attribution_layer <> 'unattributed'
        and (is_remainder or credit < {{ var('multi_touch_min_credit') }})
        and {{ only_touched('call_id', 'int_calls_recredited') }}

),

sources as (

    select
        call_id,
        candidate_rank,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        attribution_layer <> 'unattributed' as may_have_path,
        cast(credit as decimal(18, 15)) as credit

    from credits

    union all

    select
        call_id,
        min(candidate_rank) as candidate_rank,
        channel,
        platform,
        campaign_id,
        null as click_id,
        null as session_id,
        false as may_have_path,
        cast(sum(cast(credit as decimal(18, 15))) as decimal(18, 15)) as credit

    from small_credits

    group by call_id, channel, platform, campaign_id

),

final as (

    select sources.*

    from sources

    inner join calls
        on sources.call_id = calls.call_id

)

select * from final
