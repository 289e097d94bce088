{{
    config(
        materialized='incremental',
        touched={
            'int_visitors_touched': 'visitor_id',
            'int_numbers_touched':
                'this.tracking_number = touched.tracking_number and touched.is_declared_anew',
        }
    )
}}

{#
    The number's own record says of what kind it was at that moment; for a number that nobody
    declared, the snippet's pool_id tells a pool number from the rest.
#}
{{ reads('int_numbers_touched', 'int_visitors_touched') }}
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
        pool_id as shown_pool_id,
        occurred_at as shown_at

    from session_events

    where
        event_type = 'number_shown'
        and tracking_number is not null

    {% if is_increment() %}
    union all

    select
        earlier.event_id,
        earlier.session_id,
        earlier.visitor_id,
        earlier.tracking_number,
        earlier.shown_pool_id,
        earlier.shown_at

    from {{ this }} as earlier

    inner join {{ ref('int_numbers_touched') }} as declared
        on
            earlier.tracking_number = declared.tracking_number
            and declared.is_declared_anew

    where earlier.visitor_id not in (select visitor_id from {{ ref('int_visitors_touched') }})
    {% endif %}

),

final as (

    select
        shown.event_id,
        shown.session_id,
        shown.visitor_id,
        shown.tracking_number,
        shown.shown_pool_id,
        coalesce(numbers.pool_id, shown.shown_pool_id) as pool_id,
        coalesce(
            numbers.number_kind,
            case when shown.shown_pool_id is null then 'unknown' else 'pool' end
        ) as number_kind,
        shown.shown_at

    from shown

    left join numbers
        on
            shown.tracking_number = numbers.tracking_number
            and shown.shown_at >= numbers.valid_from
            and shown.shown_at < numbers.valid_before

)

select * from final
