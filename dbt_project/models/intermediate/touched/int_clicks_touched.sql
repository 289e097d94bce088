{#
    Click ids whose click this build makes anew: those that the platform reports only now, those that
    touched visitors brought, and those known from a landing page alone whose account's zone became
    known, as the zone says on which day they fell.

    Empty in a full build.
#}
{{ reads('stg_landing__ad_clicks', 'int_page_sources', 'int_visitors_touched') }}
{% if is_increment() %}

with

ad_clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

page_sources as (

    select * from {{ ref('int_page_sources') }}

    where click_id is not null

),

visitors as (

    select * from {{ ref('int_visitors_touched') }}

),

last_clicks as (

    select * from {{ as_last_built('int_ad_clicks') }}

    where not is_reported

),

new_zones as (

    select
        platform,
        campaign_id,
        account_timezone

    from ad_clicks

    group by platform, campaign_id, account_timezone

    having min(_file_id) > {{ built_up_to() }}

),

final as (

    select click_id
    from ad_clicks
    where _file_id > {{ built_up_to() }}

    union

    select page_sources.click_id
    from page_sources
    inner join visitors
        on
            page_sources.visitor_id = visitors.visitor_id
            and page_sources.occurred_at >= visitors.changed_from_at

    union

    select last_clicks.click_id
    from last_clicks
    inner join new_zones
        on
            last_clicks.platform = new_zones.platform
            and last_clicks.campaign_id = new_zones.campaign_id

)

select * from final

{% else %}

select cast(null as varchar) as click_id

where false

{% endif %}
