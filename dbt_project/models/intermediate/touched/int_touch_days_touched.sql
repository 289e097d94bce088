{#
    Days of the touches that may differ from what they were: they can bring calls to a shared number
    from then on. A number declared anew may change any of them, which year 1 stands for.

    Empty in a full build.
#}
{{ reads(
    'int_session_changes',
    'int_numbers_touched',
    'int_clicks_landed',
    'stg_landing__ad_clicks',
) }}
{% if is_increment() %}

with

session_changes as (

    select * from {{ ref('int_session_changes') }}

),

numbers as (

    select * from {{ ref('int_numbers_touched') }}

),

landed as (

    select * from {{ ref('int_clicks_landed') }}

),

ad_clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

final as (

    select cast(session_start_at as date) as touch_date
    from session_changes

    union

    select
        case when is_declared_anew then date '0001-01-01' else cast(changed_from_at as date) end
            as touch_date
    from numbers

    union

    select click_date as touch_date
    from ad_clicks
    where _file_id > {{ built_up_to() }}

    union

    -- A click that nobody had seen land was a touch of its own until now, on any hour of its day.
    select ad_clicks.click_date as touch_date
    from session_changes
    inner join landed
        on session_changes.session_id = landed.session_id
    inner join ad_clicks
        on
            landed.click_id = ad_clicks.click_id
            and landed.click_id_type = ad_clicks.click_id_type

)

select * from final

{% else %}

select cast(null as date) as touch_date

where false

{% endif %}
