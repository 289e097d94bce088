{#
    What ties a cookie to a telephone: a form with the number, or a call that certainly came from one
    of the visitor's sessions. A number that many visitors share is an office's, a browser with many
    numbers a shop's: such a tie says nothing about who it was, and would glue strangers together.
#}

with

forms as (

    select * from {{ ref('int_contact_events') }}
    where form_caller_key is not null

),

calls as (

    select * from {{ ref('fct_calls') }}

    where
        attribution_layer in ('click', 'session', 'campaign')
        and visitor_id is not null
        and caller_key is not null
        and not is_spam

),

seen as (

    select
        visitor_id,
        form_caller_key as caller_key,
        occurred_at as tied_at

    from forms

    union all

    select
        visitor_id,
        caller_key,
        call_started_at as tied_at

    from calls

),

ties as (

    select
        visitor_id,
        caller_key,
        min(tied_at) as first_tied_at

    from seen

    group by visitor_id, caller_key

),

counted as (

    select
        *,
        count(*) over (partition by caller_key) as visitors_of_caller,
        count(*) over (partition by visitor_id) as callers_of_visitor

    from ties

),

final as (

    select
        visitor_id,
        caller_key,
        first_tied_at

    from counted

    where
        visitors_of_caller <= {{ var('max_visitors_per_caller') }}
        and callers_of_visitor <= {{ var('max_callers_per_visitor') }}

)

select * from final
