with

journeys as (

    select * from {{ ref('int_journeys') }}

),

touches as (

    select * from {{ ref('int_journey_touches') }}

),

-- Nineteen of twenty journeys have one touch, and its channel is their path.
longer as (

    select journey_id

    from touches

    where touch_number = 2

),

numbered as (

    select
        touches.*,
        longer.journey_id is null as is_alone

    from touches

    left join longer
        on touches.journey_id = longer.journey_id

),

paths as (

    select
        journey_id,
        {{ joined_in_order('case when is_new_step then channel end', ' > ', 'step_number') }}
            as path,
        max(touch_number) as touch_count,
        max(step_number) as step_count,
        max(case when channel <> 'Direct' then touch_number end) as last_non_direct_touch

    from numbered

    where not is_alone

    group by journey_id

    union all

    select
        journey_id,
        channel as path,
        touch_number as touch_count,
        step_number as step_count,
        touch_number as last_non_direct_touch

    from numbered

    where is_alone

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
