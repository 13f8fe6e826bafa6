"""What flows through the app. Images are RGB uint8; boxes and points are in pixels of the frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.expressions import Expression

Image: TypeAlias = NDArray[np.uint8]  # (H, W, 3) RGB
FloatArray: TypeAlias = NDArray[np.float32]


class Point(NamedTuple):
    """A place in the frame, x to the right and y down."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle, xyxy; right and bottom are exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> Point:
        return Point((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def rounded(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom as whole pixels, for drawing."""
        return round(self.left), round(self.top), round(self.right), round(self.bottom)


class Keypoints(NamedTuple):
    """Six landmarks of a face; left and right as the viewer sees."""

    left_eye: Point
    right_eye: Point
    nose: Point
    mouth: Point
    left_ear: Point
    right_ear: Point


@dataclass(frozen=True)
class Face:
    """A detected face. `score`: the detector's confidence in [0, 1]."""

    box: Box
    score: float
    keypoints: Keypoints | None = None


@dataclass(frozen=True)
class Prediction:
    """What the model says of one face.

    `probabilities`: sum to 1, in the card's label order. `uncertainty`: percentile in [0, 1] among the
    training set's faces, relative and not a probability; None where the model does not estimate it.
    """

    probabilities: Mapping[Expression, float]
    uncertainty: float | None = None

    @property
    def expression(self) -> Expression:
        """The most probable one."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of the most probable one."""
        return max(self.probabilities.values())


@dataclass(frozen=True, eq=False)
class Reading:
    """One face, read.

    `track`: identity over time, counted from 1; None where nothing was tracked. `label`: what is shown
    of it, one expression, two where only both together are sure enough, none where not even they are;
    None where nobody decided, which shows the most probable one. `heatmaps`: (K, h, w)
    float32, one for each expression in label order, not normalised (drawing does that) and laid over
    the model's crop, whose place in the frame `heatmap_area` tells by its corners: (4, 2) float32 from
    the top left, clockwise; both are None unless heat-maps were asked for.
    """

    face: Face
    prediction: Prediction
    track: int | None = None
    heatmaps: FloatArray | None = None
    heatmap_area: FloatArray | None = None
    label: tuple[Expression, ...] | None = None

    @property
    def shown(self) -> tuple[Expression, ...]:
        """The label, decided or not."""
        return (self.prediction.expression,) if self.label is None else self.label

    @property
    def heatmap(self) -> FloatArray | None:
        """(h, w) float32: what spoke for the predicted expression."""
        if self.heatmaps is None:
            return None
        labels = list(self.prediction.probabilities)
        return self.heatmaps[labels.index(self.prediction.expression)]


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture from a source. `index` counts from 0; `seconds` since the source began.

    `source`: the picture's own file name where a source is made of several; else None.
    """

    image: Image
    index: int = 0
    seconds: float = 0.0
    source: str | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """A frame and all that was read in it."""

    frame: Frame
    readings: Sequence[Reading]
