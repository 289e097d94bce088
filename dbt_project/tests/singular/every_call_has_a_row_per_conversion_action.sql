{# Fails when a call is missing, or stands twice, at a conversion action. #}
with

expected as (

    select
        (select count(*) from {{ ref('fct_calls') }})
        * (select count(*) from {{ ref('conversion_actions') }}) as row_count

),

found as (

    select count(*) as row_count
    from {{ ref('upload_candidates') }}

)

select
    expected.row_count as expected_rows,
    found.row_count as found_rows

from expected

cross join found

where expected.row_count <> found.row_count
