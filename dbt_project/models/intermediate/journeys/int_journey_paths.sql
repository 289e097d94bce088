with

journeys as (

    select * from {{ ref('int_journeys') }}

),

touches as (

    select * from {{ ref('int_journey_touches') }}

),

paths as (

    select
        journey_id,
        {{ joined_in_order('case when is_new_step then channel end', ' > ', 'step_number') }}
            as path,
        max(touch_number) as touch_count,
        max(step_number) as step_count,
        max(case when channel <> 'Direct' then touch_number end) as last_non_direct_touch

    from touches

    group by journey_id

),

final as (

    select
        journeys.journey_id,
        journeys.call_id,
        paths.path,
        paths.touch_count,
        paths.step_count,
        coalesce(paths.last_non_direct_touch, paths.touch_count) as last_non_direct_touch,
        journeys.conversions,
        journeys.non_conversions

    from journeys

    inner join paths
        on journeys.journey_id = paths.journey_id

)

select * from final
