"""Groups of images beside all others, and intervals, beside what scipy makes of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from latente import InputError
from latente.metrics import by_attribute, by_class, lacking, share_interval

rng = np.random.default_rng(0)


def test_means_and_intervals_are_those_of_student_and_welch() -> None:
    errors, having = rng.gamma(2, size=60), rng.random((60, 3)) < [0.2, 0.5, 0.8]
    errors[having[:, 1]] += 1.5
    groups = by_attribute(errors, having, ["a", "b", "c"])
    assert groups[0].name == "b"
    assert [group.gap for group in groups] == sorted((group.gap for group in groups), reverse=True)
    for group in groups:
        own, others = errors[having[:, group.key]], errors[~having[:, group.key]]
        assert group.name == "abc"[group.key]
        assert group.counts == (len(own), len(others))
        assert group.means == pytest.approx((own.mean(), others.mean()))
        welch = stats.ttest_ind(own, others, equal_var=False).confidence_interval(0.95)
        assert group.gap_interval == pytest.approx((welch.low, welch.high))
        student = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
        assert group.interval == pytest.approx(student)
        p = stats.ttest_ind(own, others, equal_var=False, alternative="greater").pvalue
        assert group.is_higher == (p < 0.025 / 3)
    assert groups[0].is_higher


def test_the_more_groups_are_looked_at_the_surer_a_difference_has_to_be() -> None:
    errors = np.tile([0.0, 1.0], 20) + np.repeat([0.38, 0.0], 20)
    own = np.repeat([True, False], 20)[:, None]
    others = rng.random((40, 60)) < 0.5
    [alone] = by_attribute(errors, own, ["own"])
    among = {
        group.name: group for group in by_attribute(errors, np.hstack([own, others]), ["own", *map(str, range(60))])
    }
    assert 0 < alone.gap_interval[0] == among["own"].gap_interval[0]
    assert alone.is_higher
    assert not among["own"].is_higher


def test_of_two_pairs_the_interval_is_in_closed_form() -> None:
    # variances of 2 and 0: the others add nothing to the error of 1, nor to the one degree of freedom
    [group] = by_attribute(np.array([4.0, 6.0, 1.0, 1.0]), np.array([[True], [True], [False], [False]]), ["a"])
    assert (group.means, group.gap) == ((5.0, 1.0), 4.0)
    half = math.tan(0.475 * math.pi)  # Student's t with one degree of freedom is Cauchy's
    assert group.interval == pytest.approx((5 - half, 5 + half))
    assert group.gap_interval == pytest.approx((4 - half, 4 + half))
    assert not group.is_higher
    [same] = by_attribute(np.array([2.0, 2.0, 1.0, 1.0]), np.array([[True], [True], [False], [False]]), ["a"])
    assert same.gap_interval == (1.0, 1.0)


def test_what_fewer_than_two_have_or_lack_is_left_out() -> None:
    having = np.zeros((5, 4), bool)
    having[:1, 0] = having[:4, 1] = having[:2, 2] = True
    groups = by_attribute(rng.random(5), having, ["one", "all but one", "two", "none"])
    assert [group.name for group in groups] == ["two"]


def test_classes_are_groups_and_images_of_no_known_class_are_left_out() -> None:
    errors, labels = np.array([1.0, 2.0, 5.0, 6.0, 99.0, 3.0, 3.0]), np.array([0, 0, 2, 2, -1, 7, 7])
    groups = by_class(errors, labels, ["zero", "one", "two"])
    assert [(group.name, group.key, group.counts) for group in groups] == [
        ("two", 2, (2, 4)),
        ("class 7", 7, (2, 4)),
        ("zero", 0, (2, 4)),
    ]
    assert groups[0].means == (5.5, 2.25)
    assert by_class(errors, np.zeros(7, np.int64)) == []


def test_figures_that_are_not_finite_and_names_that_do_not_fit_are_refused() -> None:
    having = np.array([[True], [True], [False], [False]])
    with pytest.raises(InputError, match="NaN or infinity"):
        by_attribute(np.array([1.0, np.inf, 1.0, 1.0]), having, ["a"])
    with pytest.raises(InputError, match="2 names for 1 attributes"):
        by_attribute(np.ones(4), having, ["a", "b"])


def test_an_attribute_is_lacking_in_the_lower_half_of_its_range() -> None:
    values = np.array([[1, 0], [-1, 255], [1, 255]])
    assert lacking(values).tolist() == [[False, True], [True, False], [False, False]]
    assert lacking(np.array([0, 255, 128], np.uint8)).tolist() == [True, False, False]


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 40), (10, 10), (9_999, 10_000)])
def test_the_interval_of_a_share_is_wilsons(count: int, total: int) -> None:
    expected = stats.binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert share_interval(count, total) == pytest.approx((expected.low, expected.high), abs=1e-12)
