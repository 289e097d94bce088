{#
    Whose sessions this build makes anew, and from when on they may differ from what they were:

    - visitors with new events, however late. An event changes nothing of sessions that ended more
      than the idle time before it, as both rules of a session look back;
    - visitors whose click is reported only now: the report names channel and campaign;
    - visitors whose utm_campaign a new campaign name gives a meaning, or a second one.

    Empty in a full build, which leaves nobody out.
#}
{{ reads('stg_landing__web_events', 'stg_landing__ad_clicks', 'stg_landing__campaign_names') }}
{% if is_increment() %}

with

new_events as (

    select * from {{ ref('stg_landing__web_events') }}

    where _file_id > {{ built_up_to() }}

),

new_clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

    where _file_id > {{ built_up_to() }}

),

new_names as (

    select * from {{ ref('stg_landing__campaign_names') }}

    where _file_id > {{ built_up_to() }}

),

sessions as (

    select * from {{ as_last_built('int_sessions') }}

),

new_aliases as (

    select lower(trim(campaign_id)) as alias
    from new_names

    union

    select lower(trim(campaign_name)) as alias
    from new_names

),

changes as (

    select
        visitor_id,
        {{ plus_minutes('occurred_at', '-' ~ var('session_idle_minutes')) }} as changed_from_at
    from new_events

    union all

    select
        sessions.visitor_id,
        sessions.session_start_at as changed_from_at
    from sessions
    inner join new_clicks
        on
            sessions.click_id = new_clicks.click_id
            and sessions.click_id_type = new_clicks.click_id_type

    union all

    select
        sessions.visitor_id,
        sessions.session_start_at as changed_from_at
    from sessions
    inner join new_aliases
        on lower(trim(sessions.utm_campaign)) = new_aliases.alias

),

final as (

    select
        visitor_id,
        min(changed_from_at) as changed_from_at

    from changes

    group by visitor_id

)

select * from final

{% else %}

select
    cast(null as varchar) as visitor_id,
    cast(null as timestamp) as changed_from_at

where false

{% endif %}
