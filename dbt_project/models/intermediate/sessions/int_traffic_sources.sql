{{ config(tags=['delta']) }}

{#
    The longest row of the seed that a host ends in says what it is (mail.google.com before
    google.com). A host without a row is known by its brand, the first label of its registrable
    domain: google.co.uk. A utm_source such as `google` or `Google Shopping` is looked up whole.
#}
with

tails as (

    select * from {{ ref('int_source_tails') }}

),

registrable_domains as (

    select * from {{ ref('int_registrable_domains') }}

),

traffic_sources as (

    select * from {{ ref('traffic_sources') }}

),

ranked as (

    select
        tails.source,
        traffic_sources.category,
        traffic_sources.platform,
        row_number() over (
            partition by tails.source
            order by tails.first_label, traffic_sources.match_on
        ) as length_rank

    from tails

    inner join traffic_sources
        on
            tails.tail = traffic_sources.source
            and (traffic_sources.match_on = 'host' or tails.first_label = 1)

),

listed as (

    select * from ranked

    where length_rank = 1

),

final as (

    select
        tails.source,
        coalesce(registrable_domains.registrable_domain, tails.source) as registrable_domain,
        coalesce(listed.category, brands.category) as category,
        case
            when listed.category is null then brands.platform
            else listed.platform
        end as platform

    from tails

    left join registrable_domains
        on tails.source = registrable_domains.source

    left join listed
        on tails.source = listed.source

    left join traffic_sources as brands
        on
            split_part(registrable_domains.registrable_domain, '.', 1) = brands.source
            and brands.match_on = 'name'

    where tails.first_label = 1

)

select * from final
