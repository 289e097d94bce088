{#
    Fails for each channel to which the last touch gives other calls than fct_call_credits does: a
    path ends in its candidate, whatever came before.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

candidates as (

    select
        call_credits.channel,
        sum(cast(call_credits.credit as decimal(18, 12))) as credit

    from {{ ref('fct_call_credits') }} as call_credits

    inner join calls
        on call_credits.call_id = calls.call_id

    group by call_credits.channel

),

last_touches as (

    select
        channel,
        sum(cast(credit as decimal(18, 12))) as credit

    from {{ ref('fct_multi_touch_credits') }}

    where model = 'last_touch'

    group by channel

)

select
    coalesce(candidates.channel, last_touches.channel) as channel,
    candidates.credit as candidate_credit,
    last_touches.credit as last_touch_credit

from candidates

full outer join last_touches
    on candidates.channel = last_touches.channel

where abs(coalesce(candidates.credit, 0) - coalesce(last_touches.credit, 0)) > 0.000001
