import pytest

from benchmarks.arithmetic import Point, growth_exponent, paired_ratio


def test_a_slow_round_that_hits_both_variants_leaves_their_ratio_alone() -> None:
    assert paired_ratio([2.2, 22.0, 2.2], [2.0, 20.0, 2.0]) == pytest.approx(1.1)


def test_a_slow_round_that_hits_one_variant_does_not_decide() -> None:
    assert paired_ratio([2.2, 9.9, 2.2], [2.0, 2.0, 2.0]) == pytest.approx(1.1)


def test_variants_measured_a_different_number_of_times_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired_ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("power", "seconds"), [(1, 30.0), (2, 900.0), (0, 1.0)])
def test_the_growth_exponent_is_the_power_of_the_size(power: int, seconds: float) -> None:
    assert growth_exponent(Point(10, 1.0), Point(300, seconds)) == pytest.approx(power)


def test_no_time_left_beyond_the_empty_programs_has_no_growth() -> None:
    with pytest.raises(ValueError, match="math domain"):
        growth_exponent(Point(10, 1.0), Point(300, -0.1))
