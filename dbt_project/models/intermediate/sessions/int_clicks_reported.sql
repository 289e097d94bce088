{{ config(materialized='view', tags=['delta']) }}

{#
    A reported click's time, by what is best known: the session that the click opened, the platform's
    own report, what the gclid holds, or only the day. The session and the gclid must agree with the
    day of the report (a session may begin just past midnight); a link kept and opened days later
    says nothing about the click's time.
    A view, because only int_ad_clicks reads it.
#}
with

ad_clicks as (

    select
        *,
        case when click_id_type = 'gclid' then {{ gclid_time_bytes('click_id') }} end
            as gclid_time_bytes

    from {{ ref('stg_landing__ad_clicks') }}

    where {{ only_touched('click_id', 'int_clicks_touched') }}

),

landed as (

    select * from {{ ref('int_clicks_landed') }}

),

timed as (

    select
        ad_clicks.*,
        landed.session_id,
        {{ gclid_clicked_at('ad_clicks.gclid_time_bytes') }} as gclid_clicked_at,
        case
            when
                {{ day_in_zone('landed.session_start_at', 'ad_clicks.account_timezone') }}
                between ad_clicks.click_date and ad_clicks.click_date + 1
                then landed.session_start_at
        end as session_clicked_at

    from ad_clicks

    left join landed
        on
            ad_clicks.click_id = landed.click_id
            and ad_clicks.click_id_type = landed.click_id_type

),

final as (

    select
        platform,
        click_id,
        click_id_type,
        coalesce(
            session_clicked_at,
            clicked_at,
            case
                when {{ day_in_zone('gclid_clicked_at', 'account_timezone') }} = click_date
                    then gclid_clicked_at
            end
        ) as clicked_at,
        click_date,
        account_id,
        account_timezone,
        campaign_id,
        campaign_name,
        ad_group_id,
        keyword_id,
        keyword_text,
        device,
        network,
        click_type,
        geo_country,
        geo_region,
        geo_city,
        landing_url,
        session_id

    from timed

)

select * from final
