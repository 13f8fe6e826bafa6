"""The expressions, in the canonical order: FER2013's, then contempt."""

from enum import Enum


class Expression(str, Enum):
    """One facial configuration. Its value is the name used in files; readers map their labels by it."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"
    CONTEMPT = "contempt"

    def __str__(self) -> str:
        return self.value

    @property
    def colour(self) -> tuple[int, int, int]:
        """RGB, told apart under the common colour-vision deficiencies (Okabe and Ito 2008)."""
        return _COLOURS[self]


ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL, CONTEMPT = Expression
SEVEN = (ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL)

_COLOURS = {
    ANGRY: (213, 94, 0),
    DISGUST: (0, 158, 115),
    FEAR: (204, 121, 167),
    HAPPY: (240, 228, 66),
    SAD: (0, 114, 178),
    SURPRISE: (86, 180, 233),
    NEUTRAL: (190, 190, 190),
    CONTEMPT: (230, 159, 0),
}
