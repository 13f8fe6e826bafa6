"""The face that the panel shows."""

from dataclasses import dataclass

from fer_live.types import Point, Reading, Scene

PATIENCE = 1.5  # seconds for which a lost face stays selected


@dataclass
class Selection:
    """The largest face until a person selects one; that one until it is lost for PATIENCE seconds.

    `by_hand`: a person selected it. `reading`: its newest.
    """

    track: int | None = None
    by_hand: bool = False
    reading: Reading | None = None
    _seen: float = 0.0

    def update(self, scene: Scene) -> None:
        """Follow the face into the next scene."""
        seconds = scene.frame.seconds
        found = [reading for reading in scene.readings if reading.track == self.track]
        if self.track is not None and found:
            self.reading, self._seen = found[0], seconds
        elif self.track is None or not 0 <= seconds - self._seen <= PATIENCE:
            largest = max(scene.readings, key=_size, default=None)
            self._select(largest, by_hand=False, seconds=seconds)

    def next(self, scene: Scene) -> None:
        """The face with the next higher identity, after the last one the first."""
        faces = sorted(scene.readings, key=lambda reading: reading.track or 0)
        later = [reading for reading in faces if (reading.track or 0) > (self.track or 0)]
        if faces:
            self._select((later or faces)[0], by_hand=True, seconds=scene.frame.seconds)

    def at(self, point: Point, scene: Scene) -> bool:
        """The smallest face around a point of the frame; whether there was one."""
        under = [reading for reading in scene.readings if _holds(reading, point)]
        if under:
            self._select(min(under, key=_size), by_hand=True, seconds=scene.frame.seconds)
        return bool(under)

    def _select(self, reading: Reading | None, by_hand: bool, seconds: float) -> None:
        self.reading, self.by_hand, self._seen = reading, by_hand, seconds
        self.track = reading.track if reading else None


def _size(reading: Reading) -> float:
    return reading.face.box.width * reading.face.box.height


def _holds(reading: Reading, point: Point) -> bool:
    box = reading.face.box
    return box.left <= point.x < box.right and box.top <= point.y < box.bottom
