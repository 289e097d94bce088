{{ config(materialized='incremental', unique_key='pool_id') }}

{#
    Counted over all that was ever shown, as it costs little; only the pools of which the answer
    changed are written, with the file that changed it, so that their calls are looked at again.
#}
{{ reads('stg_operations__build_window') }}
with

numbers_shown as (

    select * from {{ ref('int_numbers_shown') }}

    where
        number_kind = 'pool'
        and pool_id is not null

),

leases as (

    select * from {{ ref('int_number_leases') }}

),

counted as (

    select
        pool_id,
        site,
        count(*) as sessions

    from numbers_shown

    where site is not null

    group by pool_id, site

),

sites as (

    select
        pool_id,
        max_by(site, (sessions, site)) as site

    from counted

    group by pool_id

),

-- As the matcher counts them: a number belongs to one pool.
pools_of_numbers as (

    select
        tracking_number,
        min(pool_id) as pool_id

    from leases

    group by tracking_number

),

sizes as (

    select
        pool_id,
        count(*) as numbers

    from pools_of_numbers

    group by pool_id

),

final as (

    select
        sites.pool_id,
        sites.site,
        coalesce(sizes.numbers, 0) as numbers,
        build_window.to_file_id as _file_id

    from sites

    cross join {{ ref('stg_operations__build_window') }} as build_window

    left join sizes
        on sites.pool_id = sizes.pool_id

    {% if is_increment() %}
    left join {{ this }} as last_built
        on sites.pool_id = last_built.pool_id

    where
        sites.site is distinct from last_built.site
        or coalesce(sizes.numbers, 0) is distinct from last_built.numbers
    {% endif %}

)

select * from final
