{{ config(tags=['delta']) }}

{#
    The Public Suffix List's algorithm. A registrable domain is one label more than a public suffix,
    and of several the longest counts. A public suffix is a name in the list, anything below a
    wildcard (`*.ck`) that is no exception (`!www.ck`), or a single last label by default; an
    exception is a registrable domain itself.
#}
with

tails as (

    select * from {{ ref('int_source_tails') }}

),

public_suffixes as (

    select * from {{ ref('public_suffixes') }}

),

candidates as (

    select
        tails.source,
        tails.tail

    from tails

    left join public_suffixes as suffixes
        on tails.shorter_tail = suffixes.suffix

    left join public_suffixes as wildcards
        on '*.' || {{ labels_from('tails.shorter_tail', 2) }} = wildcards.suffix

    left join public_suffixes as exceptions_below
        on '!' || tails.shorter_tail = exceptions_below.suffix

    left join public_suffixes as exceptions
        on '!' || tails.tail = exceptions.suffix

    where
        tails.shorter_tail not like '%.%'
        or suffixes.suffix is not null
        or (wildcards.suffix is not null and exceptions_below.suffix is null)
        or exceptions.suffix is not null

),

final as (

    select
        source,
        max_by(tail, length(tail)) as registrable_domain

    from candidates

    -- Digits and dots alone are an address, which has no domain.
    where not regexp_matches(source, '^[0-9.]+$')

    group by source

)

select * from final
