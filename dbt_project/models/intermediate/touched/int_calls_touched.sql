{#
    Calls whose evidence this build looks at anew: those of which something changed, those that
    compete with them for a platform's report, those near a new report, and all calls of all their
    callers, by any version of the records, as a caller's history is one piece.

    Two calls compete when both may lie within the span of one report.

    Empty in a full build.
#}
{{ reads(
    'int_calls_changed',
    'stg_landing__calls',
    'stg_landing__call_versions',
    'stg_landing__platform_calls',
) }}
{% if is_increment() %}
{% set span = "interval '" ~ var('platform_call_seconds') ~ " seconds'" %}

with

calls as (

    select * from {{ ref('stg_landing__calls') }}

),

call_versions as (

    select * from {{ ref('stg_landing__call_versions') }}

),

changes as (

    select * from {{ ref('int_calls_changed') }}

),

platform_calls as (

    select * from {{ ref('stg_landing__platform_calls') }}

),

reports_touched as (

    select started_at
    from platform_calls
    where _file_id > {{ built_up_to() }}

    union

    select platform_calls.started_at
    from platform_calls
    inner join call_versions
        on
            platform_calls.started_at >= call_versions.call_started_at - {{ span }}
            and platform_calls.started_at <= call_versions.call_started_at + {{ span }}
    inner join changes
        on call_versions.call_id = changes.call_id

),

seeds as (

    select call_id
    from changes

    union

    select calls.call_id
    from calls
    inner join reports_touched
        on
            reports_touched.started_at >= calls.call_started_at - {{ span }}
            and reports_touched.started_at <= calls.call_started_at + {{ span }}

),

callers as (

    select call_versions.caller_key

    from call_versions

    inner join seeds
        on call_versions.call_id = seeds.call_id

    where call_versions.caller_key is not null

    group by call_versions.caller_key

),

final as (

    select call_id
    from seeds

    union

    select calls.call_id
    from calls
    inner join callers
        on calls.caller_key = callers.caller_key

)

select * from final

{% else %}

select cast(null as varchar) as call_id

where false

{% endif %}
