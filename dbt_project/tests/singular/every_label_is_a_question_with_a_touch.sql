{# Fails for each label that is no question, or that names a touch the matcher cannot propose. #}
with

known_calls as (

    select * from {{ ref('int_known_calls') }}

),

calls_to_match as (

    select * from {{ ref('int_calls_to_match') }}

),

touches as (

    select * from {{ ref('int_touches') }}

)

select known_calls.call_id

from known_calls

left join calls_to_match
    on known_calls.call_id = calls_to_match.call_id

left join touches
    on known_calls.touch_id = touches.touch_id

where
    calls_to_match.call_id is null
    or calls_to_match.is_spam
    or touches.touch_id is null
    or touches.session_id <> known_calls.session_id
