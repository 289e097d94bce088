with

calls as (

    select * from {{ ref('fct_calls') }}
    where caller_key is not null

),

final as (

    select
        caller_key,
        max(caller_area_code) as caller_area_code,
        max_by(caller_state, (call_started_at, call_id)) filter (
            where caller_state is not null
        ) as caller_state,
        max_by(line_type, (call_started_at, call_id)) filter (
            where line_type is not null
        ) as line_type,
        min(call_started_at) as first_call_at,
        max(call_started_at) as last_call_at,
        count(*) as calls,
        cast(sum(cast(is_spam as bigint)) as bigint) as spam_calls,
        cast(sum(cast(is_answered and not is_spam as bigint)) as bigint) as answered_calls,
        cast(sum(cast(is_qualified and not is_spam as bigint)) as bigint) as qualified_calls,
        cast(sum(cast(is_sale and not is_spam as bigint)) as bigint) as sales,
        count(distinct to_number) as numbers_dialled,
        count(distinct case when not is_spam then revenue_currency end) as revenue_currencies,
        -- Two currencies have no sum: those of such a caller stand in fct_calls, call by call.
        case
            when count(distinct case when not is_spam then revenue_currency end) = 1
                then cast(sum(revenue_amount) filter (where not is_spam) as decimal(18, 6))
        end as revenue_amount,
        case
            when count(distinct case when not is_spam then revenue_currency end) = 1
                then max(revenue_currency) filter (where not is_spam)
        end as revenue_currency

    from calls

    group by caller_key

)

select * from final
