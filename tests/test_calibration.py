"""How calibration is scored."""

import numpy as np
import pytest

from train.calibration import calibration, recognition


def test_the_error_by_hand():
    # Nine of ten right at a confidence of 0.8.
    probabilities = np.tile([0.8, 0.2], (10, 1))
    found = calibration(probabilities, np.array([0] * 9 + [1]))
    assert found["ece"] == pytest.approx(0.1)
    assert 0.02 < found["ece_standard_error"] < 0.12


def test_what_is_named_by_hand():
    probabilities = np.eye(3)[[0, 0, 1, 1, 2]]
    found = recognition(probabilities, np.array([0, 0, 0, 1, 1]))
    assert found["n"] == 5
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["macro_recall"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["min_recall"] == pytest.approx(1 / 2)
