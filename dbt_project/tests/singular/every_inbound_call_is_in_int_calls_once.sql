{# A join with the numbers, buyers or pools of a call must neither lose it nor double it. #}
with

staged as (

    select
        call_id,
        count(*) as staged_rows

    from {{ ref('stg_landing__calls') }}

    where direction = 'inbound'

    group by call_id

),

modelled as (

    select
        call_id,
        count(*) as modelled_rows

    from {{ ref('int_calls') }}

    group by call_id

)

select
    coalesce(staged.call_id, modelled.call_id) as call_id,
    staged.staged_rows,
    modelled.modelled_rows

from staged

full outer join modelled
    on staged.call_id = modelled.call_id

where
    staged.staged_rows is distinct from 1
    or modelled.modelled_rows is distinct from 1
