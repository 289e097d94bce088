"""The SQL of ml.call_candidates: sums by campaign, the heaviest candidates by name.

    pairs ─► matcher_call_sums     weight by call and campaign, and the touches that may be named
          ─► matcher_call_totals   weight of a call, and the least that is kept by name
          ─► matcher_listed        those kept by name
          ─► matcher_ranked        they, nobody, and the rest of each campaign; integers only
          ─► ml.call_candidates    with the names

The pairs are weighed once. Lists of those that are at least as likely as the least against nobody
alone are nearly twice as long as what is kept; they cost a fifth more than the sums, where weighing
the pairs a second time, when it is known how heavy they must be, doubled them. The weights come
from `ml.matching.scoring`, which fills in the braces.
"""

SUMS = """
create or replace temp table matcher_call_sums as
with weighed as (
{weighed}
)

select
    call_index,
    campaign_index,
    cast(sum(weight) as hugeint) as weight,
    list({{'touch_index': touch_index, 'weight': weight // stride}})
        filter (where weight // stride >= {smallest}) as heaviest

from weighed

group by call_index, campaign_index
"""

TOTALS = """
create or replace temp table matcher_call_totals as
with totals as (

    select
        calls.call_index,
        {null_weight} + coalesce(sum(sums.weight), 0) as total

    from matcher_pair_calls as calls

    left join matcher_call_sums as sums
        on calls.call_index = sums.call_index

    group by calls.call_index

)

select
    call_index,
    total,
    cast(ceil({minimum} * cast(total as double)) as bigint) as least_weight

from totals
"""

LISTED = """
create or replace temp table matcher_listed as
with heaviest as (

    select
        call_index,
        campaign_index,
        unnest(heaviest, recursive := true)

    from matcher_call_sums

)

select
    heaviest.call_index,
    heaviest.campaign_index,
    heaviest.touch_index,
    heaviest.weight

from heaviest

inner join matcher_call_totals as totals
    on heaviest.call_index = totals.call_index and heaviest.weight >= totals.least_weight
"""

CAP = """
delete from matcher_listed
where (call_index, touch_index) in (
    select (call_index, touch_index)

    from matcher_listed

    where call_index in (
        select call_index

        from matcher_listed

        group by call_index

        having count(*) > {maximum}
    )

    qualify
        row_number() over (partition by call_index order by weight desc, touch_index) > {maximum}
)
"""

RANKED = """
insert into matcher_ranked
with listed_sums as (

    select
        call_index,
        campaign_index,
        sum(weight) as weight

    from matcher_listed

    group by call_index, campaign_index

),

answers as (

    select
        call_index,
        touch_index as name_index,
        weight,
        0 as kind

    from matcher_listed

    union all

    select
        call_index,
        null as name_index,
        {null_weight} as weight,
        1 as kind

    from matcher_call_totals

    union all

    select
        sums.call_index,
        -sums.campaign_index as name_index,
        sums.weight - coalesce(listed_sums.weight, 0) as weight,
        2 as kind

    from matcher_call_sums as sums

    left join listed_sums
        on
            sums.call_index = listed_sums.call_index
            and sums.campaign_index = listed_sums.campaign_index

    where sums.weight > coalesce(listed_sums.weight, 0)

)

select
    answers.call_index,
    cast(
        row_number() over (
            partition by answers.call_index
            order by answers.kind = 2, answers.weight desc, answers.kind, abs(answers.name_index)
        ) as integer
    ) as candidate_rank,
    answers.name_index,
    cast(answers.weight as double) / cast(totals.total as double) as probability,
    answers.kind = 2 as is_remainder,
    answers.kind = 1 as is_null

from answers

inner join matcher_call_totals as totals
    on answers.call_index = totals.call_index

order by answers.call_index, candidate_rank
"""

START = """
create or replace temp table matcher_ranked (
    call_index integer,
    candidate_rank integer,
    name_index integer,
    probability double,
    is_remainder boolean,
    is_null boolean
)
"""

CANDIDATES = """
with names as (

    select
        indexed.touch_index as name_index,
        touches.touch_id,
        touches.session_id,
        touches.visitor_id,
        touches.platform,
        touches.click_id,
        touches.channel,
        touches.campaign_id,
        touches.ad_group_id,
        touches.keyword_id

    from matcher_touches as indexed

    inner join intermediate.int_touches as touches
        on indexed.touch_id = touches.touch_id

    where indexed.touch_index in (select name_index from matcher_ranked)

    union all by name

    select
        -campaigns.campaign_index as name_index,
        min(touches.platform) as platform,
        min(touches.channel) as channel,
        min(touches.campaign_id) as campaign_id

    from matcher_pair_campaigns as campaigns

    inner join matcher_touches as indexed
        on campaigns.campaign = indexed.campaign and campaigns.channel = indexed.channel

    inner join intermediate.int_touches as touches
        on indexed.touch_id = touches.touch_id

    group by campaigns.campaign_index

)

select
    calls.call_id,
    ranked.candidate_rank,
    names.touch_id,
    names.session_id,
    names.visitor_id,
    names.platform,
    names.click_id,
    names.channel,
    names.campaign_id,
    names.ad_group_id,
    names.keyword_id,
    ranked.probability,
    ranked.is_remainder,
    ranked.is_null,
    {model_version} as model_version

from matcher_ranked as ranked

inner join matcher_calls as calls
    on ranked.call_index = calls.call_index

left join names
    on ranked.name_index = names.name_index
"""
"""Without an order: sorting sixteen million rows with all their names took 11 GB. The rows come
nearly as matcher_ranked has them, by site and time, which is how they compress best."""

REPLACE_ALL = "create or replace table ml.call_candidates as {candidates}"

REPLACE_ONLY = """
delete from ml.call_candidates where call_id in (select call_id from {only});
insert into ml.call_candidates {candidates}
"""
