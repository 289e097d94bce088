{{ config(materialized='incremental', touched={'int_numbers_touched': 'tracking_number'}) }}

{#
    The snippet's word for numbers that nobody declared. A row keeps the file that last changed it, so
    that the calls to the number are looked at again then, and only then.
#}
with

numbers_shown as (

    select * from {{ ref('int_numbers_shown') }}

    where
        number_kind = 'pool'
        and {{ only_touched('tracking_number', 'int_numbers_touched') }}

),

pools as (

    select
        tracking_number,
        max(pool_id) as pool_id

    from numbers_shown

    group by tracking_number

),

final as (

    select
        pools.tracking_number,
        pools.pool_id,
        {% if is_increment() %}
        case
            when last_built.pool_id is not distinct from pools.pool_id
                then coalesce(last_built._file_id, build_window.to_file_id)
            else build_window.to_file_id
        end as _file_id
        {% else %}
        build_window.to_file_id as _file_id
        {% endif %}

    from pools

    cross join {{ ref('stg_operations__build_window') }} as build_window

    {% if is_increment() %}
    left join {{ this }} as last_built
        on pools.tracking_number = last_built.tracking_number
    {% endif %}

)

select * from final
