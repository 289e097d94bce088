{{ config(tags=['delta']) }}

{#
    User agents repeat, so each distinct one is judged once. A text of the seed marks a robot
    wherever it occurs; the seed's rows with is_bot false are telephones whose names look like one.
#}
with

session_starts as (

    select * from {{ ref('int_session_starts') }}

),

tokens as (

    select * from {{ ref('bot_user_agents') }}

),

user_agents as (

    select
        user_agent,
        lower(user_agent) as lower_user_agent

    from session_starts

    where user_agent is not null

    group by user_agent

),

judged as (

    select
        user_agents.user_agent,
        bool_and(tokens.is_bot) as is_bot

    from user_agents

    inner join tokens
        on contains(user_agents.lower_user_agent, tokens.token)

    group by user_agents.user_agent

),

final as (

    select
        user_agents.user_agent,
        coalesce(judged.is_bot, false) as is_bot,
        case
            when
                contains(user_agents.lower_user_agent, 'ipad')
                or contains(user_agents.lower_user_agent, 'tablet')
                or contains(user_agents.lower_user_agent, 'kindle')
                or (
                    contains(user_agents.lower_user_agent, 'android')
                    and not contains(user_agents.lower_user_agent, 'mobile')
                )
                then 'tablet'
            when
                contains(user_agents.lower_user_agent, 'mobi')
                or contains(user_agents.lower_user_agent, 'iphone')
                or contains(user_agents.lower_user_agent, 'ipod')
                or contains(user_agents.lower_user_agent, 'windows phone')
                then 'mobile'
            when
                contains(user_agents.lower_user_agent, 'windows')
                or contains(user_agents.lower_user_agent, 'macintosh')
                or contains(user_agents.lower_user_agent, 'x11')
                or contains(user_agents.lower_user_agent, 'cros')
                then 'desktop'
        end as device_type

    from user_agents

    left join judged
        on user_agents.user_agent = judged.user_agent

)

select * from final
