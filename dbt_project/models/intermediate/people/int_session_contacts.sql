with

forms as (

    select * from {{ ref('int_contact_events') }}
    where form_caller_key is not null

),

calls as (

    select * from {{ ref('fct_calls') }}

    where
        attribution_layer in ('click', 'session', 'campaign')
        and session_id is not null
        and not is_spam

),

contacts as (

    select
        session_id,
        occurred_at as contacted_at

    from forms

    union all

    select
        session_id,
        call_started_at as contacted_at

    from calls

),

final as (

    select
        session_id,
        min(contacted_at) as first_contacted_at

    from contacts

    group by session_id

)

select * from final
