with

numbers_shown as (

    select * from {{ ref('int_numbers_shown') }}

    where
        number_kind = 'pool'
        and pool_id is not null

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

counted as (

    select
        numbers_shown.pool_id,
        sessions.site,
        count(*) as sessions

    from numbers_shown

    inner join sessions
        on numbers_shown.session_id = sessions.session_id

    where sessions.site is not null

    group by numbers_shown.pool_id, sessions.site

),

final as (

    select
        pool_id,
        max_by(site, (sessions, site)) as site

    from counted

    group by pool_id

)

select * from final
