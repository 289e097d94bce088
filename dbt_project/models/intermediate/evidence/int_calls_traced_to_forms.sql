{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

{#
    A visitor who left the caller's number in a form is the caller; the call belongs to the visitor's
    latest session before it. The form may also come after the call: it names the visitor all the
    same. Of several visitors with one number the one nearest in time counts, earlier forms first.
#}

with

calls as (

    select * from {{ ref('int_calls') }}

    where
        caller_key is not null
        and not is_spam
        and {{ only_touched('call_id', 'int_calls_touched') }}

),

forms as (

    select * from {{ ref('int_contact_events') }}
    where form_caller_key is not null

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

filled as (

    select
        calls.call_id,
        calls.call_started_at,
        forms.visitor_id,
        forms.occurred_at as form_at,
        row_number() over (
            partition by calls.call_id
            order by
                forms.occurred_at <= calls.call_started_at desc,
                abs({{ seconds_between('forms.occurred_at', 'calls.call_started_at') }}) asc,
                forms.visitor_id asc
        ) as form_rank

    from calls

    inner join forms
        on
            calls.caller_key = forms.form_caller_key
            and forms.occurred_at
            >= calls.call_started_at - interval '{{ var("attribution_lookback_days") }} days'
            and forms.occurred_at
            <= calls.call_started_at + interval '{{ var("attribution_lookback_days") }} days'

),

visited as (

    select
        filled.call_id,
        filled.visitor_id,
        filled.form_at,
        sessions.session_id,
        row_number() over (
            partition by filled.call_id
            order by sessions.session_start_at desc, sessions.session_id asc
        ) as session_recency

    from filled

    inner join sessions
        on
            filled.visitor_id = sessions.visitor_id
            and filled.call_started_at >= sessions.session_start_at
            and filled.call_started_at
            <= sessions.session_start_at + interval '{{ var("attribution_lookback_days") }} days'

    where filled.form_rank = 1

),

final as (

    select
        call_id,
        visitor_id,
        session_id,
        form_at

    from visited

    where session_recency = 1

)

select * from final
