{{ config(materialized='view') }}

{#
    How much likelier each pair is the same call than that the report is none of ours, before it
    counts that a call is at most one report. How many calls stand near a report by chance is
    counted around it, an hour before and after, and shrunk to all reports.
#}
{% set prior_reports = 2 %}

with

pairs as (

    select * from {{ ref('int_platform_call_pairs') }}

),

marks as (

    select * from {{ ref('int_platform_call_marks') }}

),

reports as (

    select
        reports.platform,
        reports.platform_call_id,
        count(case when not pairs.is_chance then 1 end) as near_pairs,
        -- Reports are shifted both ways.
        count(case when pairs.is_chance then 1 end) / 2.0 as chance_pairs

    from {{ ref('stg_landing__platform_calls') }} as reports

    left join pairs
        on
            reports.platform = pairs.platform
            and reports.platform_call_id = pairs.platform_call_id

    group by reports.platform, reports.platform_call_id

),

shares as (

    select
        (sum(chance_pairs) + 0.5) / (count(*) + 1) as calls_by_chance,
        -- As in int_platform_call_marks: more calls than by chance are the reports' own.
        least(greatest((sum(near_pairs - chance_pairs) + 0.5) / (count(*) + 1), 0.01), 0.99)
            as our_share

    from reports

),

final as (

    select
        pairs.platform,
        pairs.platform_call_id,
        pairs.call_id,
        shares.our_share / (1 - shares.our_share) * exp(
            times.log_factor + durations.log_factor + area_codes.log_factor + numbers.log_factor
        ) / (
            (reports.chance_pairs + {{ prior_reports }} * shares.calls_by_chance)
            / (1 + {{ prior_reports }})
        ) as odds

    from pairs

    cross join shares

    inner join reports
        on
            pairs.platform = reports.platform
            and pairs.platform_call_id = reports.platform_call_id

    inner join marks as times
        on times.mark = 'time_step' and cast(pairs.time_step as varchar) = times.mark_value

    inner join marks as durations
        on
            durations.mark = 'duration_step'
            and cast(pairs.duration_step as varchar) = durations.mark_value

    inner join marks as area_codes
        on area_codes.mark = 'area_code_fit' and pairs.area_code_fit = area_codes.mark_value

    inner join marks as numbers
        on numbers.mark = 'number_fit' and pairs.number_fit = numbers.mark_value

    where not pairs.is_chance

)

select * from final
