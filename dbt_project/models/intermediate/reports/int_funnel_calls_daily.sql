with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

credits as (

    select * from {{ ref('int_call_credits_by_cohort') }}

),

final as (

    select
        calls.call_date,
        credits.channel,
        credits.device_type,
        sum(credits.credit) as calls,
        sum(case when calls.is_qualified then credits.credit else 0 end) as qualified_calls

    from calls

    inner join credits
        on calls.call_id = credits.call_id

    group by calls.call_date, credits.channel, credits.device_type

)

select * from final
