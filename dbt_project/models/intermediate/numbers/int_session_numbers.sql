{{ config(materialized='view', tags=['delta']) }}

{# A view, because only int_touches reads it. #}
with

numbers_shown as (

    select * from {{ ref('int_numbers_shown') }}

    where {{ only_touched('session_id', 'int_sessions_touched') }}

),

leases as (

    select * from {{ ref('int_number_leases') }}

    where {{ only_touched('session_id', 'int_sessions_touched') }}

),

shown as (

    select
        session_id,
        min(first_shown_at) as first_shown_at,
        case
            when bool_or(number_kind = 'pool') then 'leased'
            when bool_or(number_kind in ('fallback', 'unknown')) then 'fallback'
            else 'none'
        end as number_state

    from numbers_shown

    group by session_id

),

leased as (

    select
        session_id,
        max(lease_end_at) as lease_end_at

    from leases

    group by session_id

),

final as (

    select
        shown.session_id,
        shown.first_shown_at,
        shown.number_state,
        leased.lease_end_at

    from shown

    left join leased
        on shown.session_id = leased.session_id

)

select * from final
