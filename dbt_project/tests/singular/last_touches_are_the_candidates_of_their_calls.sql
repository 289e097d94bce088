{#
    Fails for each campaign and channel to which the last touch gives other calls than
    fct_call_credits does: a path ends in its candidate, whatever came before.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

call_credits as (

    select * from {{ ref('fct_call_credits') }}

),

multi_touch_credits as (

    select * from {{ ref('fct_multi_touch_credits') }}
    where model = 'last_touch'

),

compared as (

    select
        call_credits.channel,
        call_credits.platform,
        call_credits.campaign_id,
        cast(call_credits.credit as decimal(18, 15)) as credit

    from call_credits

    inner join calls
        on call_credits.call_id = calls.call_id

    union all

    select
        channel,
        platform,
        campaign_id,
        -cast(credit as decimal(18, 15)) as credit

    from multi_touch_credits

)

select
    channel,
    platform,
    campaign_id,
    sum(credit) as calls_too_few

from compared

group by channel, platform, campaign_id

having abs(sum(credit)) > 0.000001
