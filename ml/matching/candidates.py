"""The SQL of ml.call_candidates: sums by campaign, the heaviest candidates by name.

The weights come from `ml.matching.scoring`, which fills in the braces.
"""

SUMS = """
create or replace temp table matcher_call_sums as
with weighed as (
{weighed}
)

select
    weighed.call_index,
    campaigns.campaign_index,
    cast(sum(weighed.weight) as hugeint) as weight,
    max(
        struct_pack(weight := weighed.weight, later := -weighed.touch_index), {maximum}
    ) filter (where weighed.weight >= {floor}) as heaviest

from weighed

inner join matcher_touch_campaigns as campaigns
    on weighed.touch_index = campaigns.touch_index

group by weighed.call_index, campaigns.campaign_index
"""

TOUCH_CAMPAIGNS = """
create or replace temp table matcher_touch_campaigns as
select
    touch_index,
    cast(dense_rank() over (order by campaign, channel) as integer) as campaign_index

from matcher_touches
"""

CANDIDATES = """
insert into matcher_candidates
with totals as (

    select
        calls.call_index,
        calls.call_id,
        {null_weight} + coalesce(sum(sums.weight), 0) as total

    from matcher_calls as calls

    inner join matcher_pair_calls as scored
        on calls.call_index = scored.call_index

    left join matcher_call_sums as sums
        on calls.call_index = sums.call_index

    group by calls.call_index, calls.call_id

),

unnested as (

    select
        call_index,
        campaign_index,
        unnest(heaviest) as heavy

    from matcher_call_sums

),

listed as (

    select
        unnested.call_index,
        unnested.campaign_index,
        -unnested.heavy.later as touch_index,
        unnested.heavy.weight as weight

    from unnested

    inner join totals
        on unnested.call_index = totals.call_index

    where unnested.heavy.weight >= {minimum} * totals.total

    qualify
        row_number() over (
            partition by unnested.call_index
            order by unnested.heavy.weight desc, unnested.heavy.later desc
        ) <= {maximum}

),

listed_sums as (

    select
        call_index,
        campaign_index,
        sum(weight) as weight

    from listed

    group by call_index, campaign_index

),

campaigns as (

    select
        campaigns.campaign_index,
        min(touches.platform) as platform,
        min(touches.channel) as channel,
        min(touches.campaign_id) as campaign_id

    from matcher_touch_campaigns as campaigns

    inner join matcher_touches as indexed
        on campaigns.touch_index = indexed.touch_index

    inner join intermediate.int_touches as touches
        on indexed.touch_id = touches.touch_id

    group by campaigns.campaign_index

),

named as (

    select
        listed.call_index,
        touches.touch_id,
        touches.session_id,
        touches.visitor_id,
        touches.platform,
        touches.click_id,
        touches.channel,
        touches.campaign_id,
        touches.ad_group_id,
        touches.keyword_id,
        listed.weight,
        false as is_remainder,
        false as is_null

    from listed

    inner join matcher_touches as indexed
        on listed.touch_index = indexed.touch_index

    inner join intermediate.int_touches as touches
        on indexed.touch_id = touches.touch_id

    union all by name

    select
        sums.call_index,
        campaigns.platform,
        campaigns.channel,
        campaigns.campaign_id,
        sums.weight - coalesce(listed_sums.weight, 0) as weight,
        true as is_remainder,
        false as is_null

    from matcher_call_sums as sums

    inner join campaigns
        on sums.campaign_index = campaigns.campaign_index

    left join listed_sums
        on sums.call_index = listed_sums.call_index
        and sums.campaign_index = listed_sums.campaign_index

    where sums.weight > coalesce(listed_sums.weight, 0)

    union all by name

    select
        call_index,
        {null_weight} as weight,
        false as is_remainder,
        true as is_null

    from totals

)

select
    totals.call_id,
    cast(
        row_number() over (
            partition by named.call_index
            order by
                named.is_remainder, named.weight desc, named.is_null, named.click_id nulls last,
                named.session_id nulls last, named.campaign_id nulls last, named.channel,
                named.platform
        ) as integer
    ) as candidate_rank,
    named.touch_id,
    named.session_id,
    named.visitor_id,
    named.platform,
    named.click_id,
    named.channel,
    named.campaign_id,
    named.ad_group_id,
    named.keyword_id,
    cast(named.weight as double) / cast(totals.total as double) as probability,
    named.is_remainder,
    named.is_null,
    {model_version} as model_version

from named

inner join totals
    on named.call_index = totals.call_index

order by totals.call_id, candidate_rank
"""

START = "create or replace temp table matcher_candidates as from ml.call_candidates limit 0"

REPLACE_ALL = "create or replace table ml.call_candidates as from matcher_candidates"

REPLACE_ONLY = """
delete from ml.call_candidates where call_id in (select call_id from {only});
insert into ml.call_candidates from matcher_candidates
"""
