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
        """RGB: Okabe and Ito's colours (2008), moved apart for each kind of colour-blindness; a test measures it."""
        return _COLOURS[self]


ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL, CONTEMPT = Expression
SEVEN = (ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL)

_COLOURS = {
    ANGRY: (199, 101, 32),
    DISGUST: (28, 180, 132),
    FEAR: (189, 139, 177),
    HAPPY: (255, 255, 63),
    SAD: (35, 127, 232),
    SURPRISE: (74, 223, 255),
    NEUTRAL: (203, 217, 205),
    CONTEMPT: (234, 163, 5),
}
