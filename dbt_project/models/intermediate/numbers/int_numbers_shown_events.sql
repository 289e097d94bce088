{#
    The number's own record says of what kind it was at that moment; for a number that nobody
    declared, the snippet's pool_id tells a pool number from the rest.
#}
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

numbers as (

    select * from {{ ref('int_number_validities') }}

),

shown as (

    select
        event_id,
        session_id,
        visitor_id,
        tracking_number,
        pool_id,
        occurred_at

    from session_events

    where
        event_type = 'number_shown'
        and tracking_number is not null

),

final as (

    select
        shown.event_id,
        shown.session_id,
        shown.visitor_id,
        shown.tracking_number,
        coalesce(numbers.pool_id, shown.pool_id) as pool_id,
        coalesce(
            numbers.number_kind,
            case when shown.pool_id is null then 'unknown' else 'pool' end
        ) as number_kind,
        shown.occurred_at as shown_at

    from shown

    left join numbers
        on
            shown.tracking_number = numbers.tracking_number
            and shown.occurred_at >= numbers.valid_from
            and shown.occurred_at < numbers.valid_before

)

select * from final
