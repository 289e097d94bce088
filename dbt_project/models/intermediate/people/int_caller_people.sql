with

visitor_callers as (

    select * from {{ ref('int_visitor_callers') }}

),

visitors as (

    select * from {{ ref('int_visitors_stitched') }}

),

final as (

    select
        visitor_callers.caller_key,
        -- One person: a caller ties its visitors together.
        min(visitors.person_id) as person_id

    from visitor_callers

    inner join visitors
        on visitor_callers.visitor_id = visitors.visitor_id

    group by visitor_callers.caller_key

)

select * from final
