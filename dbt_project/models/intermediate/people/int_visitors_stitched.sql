{#
    Cookies of one person: visitors that a chain of shared telephone numbers connects. A caller links
    its visitors to the smallest of them, a star rather than every pair; each visitor then walks on to
    greater ones, so that the smallest of a component arrives everywhere in it. The walk is quadratic
    in a component's visitors, which the limits on shared numbers keep few.
#}

with recursive

visitor_callers as (

    select * from {{ ref('int_visitor_callers') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

hubs as (

    select
        visitor_id,
        min(visitor_id) over (partition by caller_key) as hub_visitor_id

    from visitor_callers

),

links as (

    select
        visitor_id,
        hub_visitor_id as linked_visitor_id

    from hubs

    union all

    select
        hub_visitor_id as visitor_id,
        visitor_id as linked_visitor_id

    from hubs

),

walks as (

    select
        hub_visitor_id as visitor_id,
        hub_visitor_id as person_id

    from hubs

    union

    select
        links.linked_visitor_id as visitor_id,
        walks.person_id

    from walks

    inner join links
        on
            walks.visitor_id = links.visitor_id
            and walks.person_id < links.linked_visitor_id

),

people as (

    select
        visitor_id,
        min(person_id) as person_id

    from walks

    group by visitor_id

),

visitors as (

    select
        visitor_id,
        min(session_start_at) as first_seen_at

    from sessions

    group by visitor_id

),

final as (

    select
        visitors.visitor_id,
        coalesce(people.person_id, visitors.visitor_id) as person_id,
        people.visitor_id is not null as has_caller,
        visitors.first_seen_at

    from visitors

    left join people
        on visitors.visitor_id = people.visitor_id

)

select * from final
