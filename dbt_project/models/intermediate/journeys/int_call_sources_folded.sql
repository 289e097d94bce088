{#
    Candidates of little credit are folded by campaign and lose their path: a lost call has hundreds
    of them, and the path behind a hundredth of a call moves no report.
#}

with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

call_credits as (

    select
        call_credits.*,
        call_credits.attribution_layer = 'unattributed' as is_null,
        call_credits.attribution_layer <> 'unattributed' and (
            call_credits.is_remainder
            or call_credits.credit < {{ var('multi_touch_min_credit') }}
        ) as is_folded

    from {{ ref('fct_call_credits') }} as call_credits

    inner join calls
        on call_credits.call_id = calls.call_id

),

final as (

    select
        call_id,
        candidate_rank,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        not is_null as may_have_path,
        cast(credit as decimal(18, 15)) as credit

    from call_credits

    where not is_folded

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

    from call_credits

    where is_folded

    group by call_id, channel, platform, campaign_id

)

select * from final
