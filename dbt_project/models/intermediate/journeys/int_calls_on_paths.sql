{{
    config(
        materialized='incremental',
        touched={'stg_operations__build_window': 'this.call_id is not null'}
    )
}}

{#
    Written after fct_touch_credits, which is drawn as an arrow: should a build die between the
    two, the next one makes too many calls anew, never too few. All rows are written; incremental,
    because a warehouse without this table has to be built from everything.
#}
{{ reads('fct_touch_credits') }}
with

touches as (

    select * from {{ ref('int_journey_touches_ordered') }}
    where touch_number = 1 and call_id is not null

),

final as (

    select call_id

    from touches

    group by call_id

)

select * from final
