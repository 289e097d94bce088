"""Other agencies than the default one: redrawn at random, or made to break the matcher's model.

redrawn(seed)     every parameter that a matcher has to learn, drawn anew around the default
HARD_WORLDS       one assumption of a delay-and-marks model broken in each; the oracle knows how
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ingestion.simulate.places import AreaMix
from ingestion.simulate.world import Marks, Tracking, World

_Mixture = tuple[tuple[float, float, float], ...]


def redrawn(seed: int) -> World:
    """Return an agency whose parameters are drawn anew, the same for the same seed.

    Rates and delays move by about a third either way, shares within what agencies see.
    """
    rng = np.random.default_rng([seed, 0xA6E])
    world = World()
    near = _around(rng)
    return replace(
        world,
        delay=replace(
            world.delay,
            mobile=_redrawn_delays(rng, world.delay.mobile),
            desktop=_redrawn_delays(rng, world.delay.desktop),
            again=((1.0, near(2.0 * 86_400), 1.0),),
            again_rate=near(0.14),
        ),
        propensity=replace(
            world.propensity,
            by_vertical={name: near(p) for name, p in world.propensity.by_vertical.items()},
            by_device=tuple(near(factor) for factor in world.propensity.by_device),
            by_source=tuple(near(factor) for factor in world.propensity.by_source),
            keyword_sigma=rng.uniform(0.15, 0.55),
        ),
        dialling=replace(
            world.dialling,
            leak=rng.uniform(0.01, 0.06),
            saved=rng.uniform(0.4, 0.7),
            saved_again=rng.uniform(0.6, 0.85),
            tap=rng.uniform(0.6, 0.9),
        ),
        marks=_redrawn_marks(rng, world.marks),
        tracking=_redrawn_tracking(rng, world.tracking),
        traffic=replace(world.traffic, geo_error=rng.uniform(0.04, 0.15)),
        pools=replace(world.pools, numbers_per_session=rng.uniform(20, 50)),
        other_calls=replace(
            world.other_calls,
            null_per_site=near(world.other_calls.null_per_site),
            wrong_numbers_per_site=near(world.other_calls.wrong_numbers_per_site),
        ),
    )


def _redrawn_marks(rng: np.random.Generator, marks: Marks) -> Marks:
    city, nation = rng.uniform(0.5, 0.75), rng.uniform(0.06, 0.16)
    rest = 1 - city - nation
    home_city = rng.uniform(0.4, 0.65)
    return replace(
        marks,
        areas=AreaMix(city, rest * 0.65, rest * 0.35, nation),
        lines=tuple(_redrawn_shares(rng, row) for row in marks.lines),
        null_lines=_redrawn_shares(rng, marks.null_lines),
        null_home_city=home_city,
        null_home_state=rng.uniform(0.4, 0.7) * (1 - home_city),
    )


def _redrawn_tracking(rng: np.random.Generator, tracking: Tracking) -> Tracking:
    near = _around(rng)
    return replace(
        tracking,
        blocked=tuple(near(share) for share in tracking.blocked),
        stripped_ios=rng.uniform(0.1, 0.35),
        utm_survives=rng.uniform(0.5, 0.9),
        gclid_holds_time=rng.uniform(0.15, 0.5),
    )


def _around(rng: np.random.Generator) -> Callable[[float], float]:
    return lambda value: float(value * rng.lognormal(0.0, 0.3))


def _redrawn_delays(rng: np.random.Generator, mixture: _Mixture) -> _Mixture:
    shares = rng.dirichlet([30 * share for share, _, _ in mixture])
    return tuple(
        (
            float(share),
            float(median * rng.lognormal(0.0, 0.3)),
            float(sigma * rng.uniform(0.8, 1.2)),
        )
        for share, (_, median, sigma) in zip(shares, mixture, strict=True)
    )


def _redrawn_shares(rng: np.random.Generator, shares: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(share) for share in rng.dirichlet([60 * share for share in shares]))


def _hard_worlds() -> dict[str, World]:
    world = World()
    traffic, tracking, marks = world.traffic, world.tracking, world.marks
    return {
        # Nobody labelled shows how long they wait.
        "patient": replace(world, delay=replace(world.delay, unleased_stretch=2.5)),
        # Most sessions read the fallback number although they were seen.
        "starved_pools": replace(world, pools=replace(world.pools, numbers_per_session=1.2)),
        "stripped_ids": replace(
            world, tracking=replace(tracking, stripped_ios=0.75, stripped_other=0.3)
        ),
        "bots": replace(world, traffic=replace(traffic, bot_share=0.8)),
        # Area codes say little: people far from where their phone is from.
        "travellers": replace(
            world,
            marks=replace(marks, areas=AreaMix(0.35, 0.15, 0.1, 0.4)),
            traffic=replace(traffic, geo_error=0.3),
        ),
        # Landlines never leave their city: area code and line type are not independent.
        "correlated_marks": replace(
            world,
            marks=replace(
                marks,
                landlines_at_home=1.0,
                areas=AreaMix(0.5, 0.2, 0.1, 0.2),
                lines=(
                    (0.7, 0.24, 0.055, 0.005),
                    (0.4, 0.46, 0.13, 0.01),
                    (0.45, 0.43, 0.11, 0.01),
                ),
            ),
        ),
        # Phones call twice as often at the end, desktops half as often.
        "drift": replace(world, propensity=replace(world.propensity, drift=(2.0, 0.5, 1.0))),
        # One client's pages hardly run the script.
        "site_without_dni": replace(world, tracking=replace(tracking, blocked_at=((0, 0.95),))),
    }


HARD_WORLDS = _hard_worlds()
