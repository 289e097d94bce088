{#
    Browsers name their ancestors in the user agent: Edge says Chrome and Safari as well. The seed is
    in the order in which names count. User agents repeat, so each distinct one is judged once.
#}
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

browsers as (

    select * from {{ ref('browsers') }}

),

user_agents as (

    select user_agent

    from sessions

    where user_agent is not null

    group by user_agent

),

final as (

    select
        user_agents.user_agent,
        coalesce(min_by(browsers.browser, browsers.position), 'Other') as browser

    from user_agents

    left join browsers
        on contains(user_agents.user_agent, browsers.token)

    group by user_agents.user_agent

)

select * from final
