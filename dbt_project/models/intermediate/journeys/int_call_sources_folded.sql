{#
    Candidates of little credit are folded by campaign and lose their path: a lost call has hundreds
    of them, and the path behind a hundredth of a call moves no report. What is next to nothing even
    then is folded by channel.
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

campaign_tails as (

    select
        call_id,
        channel,
        platform,
        campaign_id,
        min(candidate_rank) as candidate_rank,
        sum(cast(credit as decimal(18, 15))) as credit

    from call_credits

    where is_folded

    group by call_id, channel, platform, campaign_id

),

tails as (

    select
        call_id,
        channel,
        case when credit >= {{ var('min_candidate_credit') }} then platform end as platform,
        case when credit >= {{ var('min_candidate_credit') }} then campaign_id end as campaign_id,
        candidate_rank,
        credit

    from campaign_tails

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
        cast(sum(credit) as decimal(18, 15)) as credit

    from tails

    group by call_id, channel, platform, campaign_id

)

select * from final
