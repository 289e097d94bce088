{#
    From which instant on the leases of a number are made anew: from the last lease that began before
    the number's first change, as the change may end it earlier or later; what began before that
    ended at its start already.

    Empty in a full build.
#}
{{ reads('int_numbers_touched') }}
{% if is_increment() %}

with

numbers as (

    select * from {{ ref('int_numbers_touched') }}

),

leases as (

    select * from {{ as_last_built('int_number_leases') }}

),

final as (

    select
        numbers.tracking_number,
        coalesce(max(leases.lease_start_at), numbers.changed_from_at) as restart_at

    from numbers

    left join leases
        on
            numbers.tracking_number = leases.tracking_number
            and numbers.changed_from_at > leases.lease_start_at

    group by numbers.tracking_number, numbers.changed_from_at

)

select * from final

{% else %}

select
    cast(null as varchar) as tracking_number,
    cast(null as timestamp) as restart_at

where false

{% endif %}
