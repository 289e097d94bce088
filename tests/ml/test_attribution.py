"""Tests of ml.attribution: what can be solved by hand, and what must hold for any paths."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.attribution.markov import removal_effects
from ml.attribution.paths import collapsed
from ml.attribution.shapley import path_contributions
from ml.attribution.shares import step_shares

CHANNELS = ("Direct", "Email", "Organic Search", "Paid Search", "Referral")

paths = st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=6).map(collapsed)
counts = st.fractions(min_value=0, max_value=50, max_denominator=8).map(float)
counted_paths = st.dictionaries(paths, st.tuples(counts, counts), min_size=1, max_size=25)
CountedPaths = dict[tuple[str, ...], tuple[float, float]]


def make_counts(**paths: tuple[float, float]) -> pd.DataFrame:
    """Counts by path; underscores stand for ` > `."""
    rows = [(path.replace("_", " > "), *pair) for path, pair in paths.items()]
    return pd.DataFrame(rows, columns=["path", "conversions", "non_conversions"])


def effects_of(counted: CountedPaths) -> dict[str, float]:
    pairs = np.array(list(counted.values()))
    return removal_effects(list(counted), pairs[:, 0], pairs[:, 1])


class TestMarkov:
    """The chain, against what paper gives."""

    def test_chain_of_four_journeys_solved_by_hand(self) -> None:
        """C1 > C2 > C3 converts, C1 does not, C2 > C3 does not.

        Of three starts two go to C1, one of whose two visits goes on to C2; C2's two go to C3, and
        C3 converts half. So p = (2/3 * 1/2 + 1/3) * 1/2 = 1/3. Without C1 it is 1/3 * 1/2 = 1/6,
        without C2 or C3 nothing.
        """
        effects = removal_effects([("C1", "C2", "C3"), ("C1",), ("C2", "C3")], [1, 0, 0], [0, 1, 1])

        assert effects == pytest.approx({"C1": 1 / 2, "C2": 1.0, "C3": 1.0})

    def test_chain_with_a_loop_solved_by_hand(self) -> None:
        """A > B > A converts, A does not: from A one in three goes to B, who always comes back.

        p = 1/3 * p + 1/3, so p = 1/2; without B a visit to A converts one time in three. Had nobody
        come to nothing, it would be one in two.
        """
        effects = removal_effects([("A", "B", "A"), ("A",)], [1, 0], [0, 1])
        without_nothing = removal_effects([("A", "B", "A")], [1], [0])

        assert effects == pytest.approx({"A": 1.0, "B": 1 / 3})
        assert without_nothing == pytest.approx({"A": 1.0, "B": 1 / 2})

    @settings(max_examples=80, deadline=None)
    @given(counted=counted_paths)
    def test_effects_are_those_of_the_closed_form(self, counted: CountedPaths) -> None:
        """N = (I - Q)^-1 R of the chain, with every transition counted one at a time."""
        assert effects_of(counted) == pytest.approx(closed_form_effects(counted), abs=1e-9)

    @settings(max_examples=50, deadline=None)
    @given(counted=counted_paths, factor=st.floats(0.01, 100))
    def test_effects_are_shares_and_do_not_depend_on_the_number_of_journeys(
        self, counted: CountedPaths, factor: float
    ) -> None:
        scaled = {path: (won * factor, lost * factor) for path, (won, lost) in counted.items()}
        effects = effects_of(counted)

        assert all(0 <= effect <= 1 + 1e-12 for effect in effects.values())
        assert effects_of(scaled) == pytest.approx(effects, abs=1e-9)

    def test_a_channel_of_every_conversion_is_worth_all_of_them(self) -> None:
        effects = removal_effects([("A", "B"), ("C", "B"), ("C",)], [3, 1, 0], [5, 0, 9])

        assert effects["B"] == 1.0

    def test_without_conversions_nothing_is_worth_anything(self) -> None:
        assert removal_effects([("A", "B")], [0], [4]) == {"A": 0.0, "B": 0.0}

    @pytest.mark.parametrize(
        ("path", "won", "message"),
        [((), 1, "at least one channel"), (("A",), -1, "must be >= 0, got -1")],
        ids=["empty path", "negative count"],
    )
    def test_what_cannot_be_is_refused(self, path: tuple, won: int, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            removal_effects([path], [won], [0])


def closed_form_effects(counted: CountedPaths) -> dict[str, float]:
    """Removal effects by the fundamental matrix, in the words of a textbook."""
    states = sorted({channel for path in counted for channel in path})
    names = ["start", *states, "won", "lost"]
    moves = pd.DataFrame(0.0, index=names, columns=names)
    for path, (won, lost) in counted.items():
        for before, after in zip(("start", *path), path, strict=False):
            moves.loc[before, after] += won + lost
        moves.loc[path[-1], "won"] += won
        moves.loc[path[-1], "lost"] += lost
    moves = moves.div(moves.sum(axis=1).replace(0, 1), axis=0)
    whole = won_share(moves, ["start", *states])
    return {
        channel: 1 - won_share(moves, [s for s in ("start", *states) if s != channel]) / whole
        if whole
        else 0.0
        for channel in states
    }


def won_share(moves: pd.DataFrame, transient: list[str]) -> float:
    """From start to won over the transient states; who leaves them otherwise is lost."""
    q = moves.loc[transient, transient].to_numpy()
    fundamental = np.linalg.inv(np.eye(len(transient)) - q)
    return float((fundamental @ moves.loc[transient, "won"].to_numpy())[0])


class TestShapley:
    """Contributions within a path."""

    def test_a_channel_is_worth_what_the_path_converts_more_than_without_it(self) -> None:
        """p(A > B) = 1/2, p(A) = 1/4, p(B) = 3/8: A gains 1/8 and B 1/4."""
        shares = path_contributions([("A", "B"), ("A",), ("B",)], [2, 1, 3], [2, 3, 5])

        assert shares[0] == pytest.approx({"A": 1 / 3, "B": 2 / 3})
        assert shares[1:] == [{"A": 1.0}, {"B": 1.0}]

    def test_a_channel_without_which_the_path_converts_more_gets_nothing(self) -> None:
        shares = path_contributions([("A", "B"), ("A",), ("B",)], [1, 1, 0], [1, 0, 1])

        assert shares[0] == {"A": 1.0, "B": 0.0}

    def test_where_no_channel_helps_all_share_alike(self) -> None:
        shares = path_contributions([("A", "B"), ("A",), ("B",)], [1, 1, 1], [1, 0, 0])

        assert shares[0] == {"A": 0.5, "B": 0.5}

    def test_a_channel_goes_from_everywhere_and_what_then_meets_is_collapsed(self) -> None:
        """Without B, A > B > A is A, which never converts; uncollapsed it is A > A, which does."""
        paths = [("A", "B", "A"), ("A",), ("A", "A")]
        collapsing = path_contributions(paths, [1, 0, 1], [0, 1, 0])
        literal = path_contributions(paths, [1, 0, 1], [0, 1, 0], is_collapsed=False)

        assert collapsing[0] == {"A": 0.5, "B": 0.5}
        assert literal[0] == {"A": 1.0, "B": 0.0}

    @settings(max_examples=50, deadline=None)
    @given(counted=counted_paths)
    def test_shares_of_a_path_add_up_to_one(self, counted: CountedPaths) -> None:
        pairs = np.array(list(counted.values()))
        shares = path_contributions(list(counted), pairs[:, 0], pairs[:, 1])

        assert [sum(share.values()) for share in shares] == pytest.approx([1.0] * len(shares))


class TestStepShares:
    """From the table of counted paths to the table of shares."""

    def test_only_paths_that_convert_have_shares(self) -> None:
        shares = step_shares(make_counts(A_B=(1, 1), A=(0, 2), B=(1, 0)))

        assert shares["path"].tolist() == ["A > B", "A > B", "B"]
        assert shares["step_number"].tolist() == [1, 2, 1]

    def test_a_channel_that_comes_twice_divides_its_contribution(self) -> None:
        """Removal effects are 1 for A and 1/3 for B; B alone never converts, and neither does A."""
        shares = step_shares(make_counts(A_B_A=(1, 0), A=(0, 1)))

        assert shares["markov_share"].tolist() == pytest.approx([3 / 7, 1 / 7, 3 / 7])
        assert shares["shapley_share"].tolist() == pytest.approx([1 / 4, 1 / 2, 1 / 4])

    @settings(max_examples=50, deadline=None)
    @given(counted=counted_paths)
    def test_shares_of_every_path_add_up_to_one(self, counted: CountedPaths) -> None:
        frame = pd.DataFrame(
            [(" > ".join(path), *pair) for path, pair in counted.items()],
            columns=["path", "conversions", "non_conversions"],
        )
        sums = step_shares(frame).groupby("path")[["markov_share", "shapley_share"]].sum()

        assert set(sums.index) == set(frame.loc[frame["conversions"] > 0, "path"])
        assert np.abs(sums.to_numpy() - 1).max(initial=0) < 1e-9

    def test_a_path_of_next_to_no_calls_is_shared_alike(self) -> None:
        shares = step_shares(make_counts(A=(1e6, 1e6), B_C=(1e-15, 0)))

        assert shares["markov_share"].tolist() == [1.0, 0.5, 0.5]

    def test_no_paths_give_a_table_without_rows_and_with_its_types(self) -> None:
        shares = step_shares(make_counts())

        assert shares.dtypes.astype(str).tolist() == ["str", "int32", "str", "float64", "float64"]
