with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

clicks as (

    select * from {{ ref('int_ad_clicks') }}

),

named as (

    select
        platform,
        keyword_id,
        keyword_text,
        spend_date as seen_date

    from spend

    union all

    select
        platform,
        keyword_id,
        keyword_text,
        click_date as seen_date

    from clicks

),

ranked as (

    select
        platform,
        keyword_id,
        keyword_text,
        row_number() over (
            partition by platform, keyword_id order by max(seen_date) desc, keyword_text
        ) as name_rank

    from named

    where platform is not null and keyword_id is not null and keyword_text is not null

    group by platform, keyword_id, keyword_text

),

final as (

    select
        platform,
        keyword_id,
        keyword_text

    from ranked

    where name_rank = 1

)

select * from final
