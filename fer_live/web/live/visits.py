"""Who looks live just now: a few at a time, and nobody who has gone."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fer_live.errors import UserError
from fer_live.web.live.visit import Visit, Wish

MOST = 4  # visitors: with more, nobody's picture would move
IDLE = 10.0  # seconds without a frame after which a visit is over


class Refused(UserError):
    """Why a visitor gets no reading; `status`: HTTP's word for it."""

    def __init__(self, text: str, status: int):
        super().__init__(text)
        self.status = status


@dataclass
class _Seat:
    visit: Visit
    seen: float
    busy: threading.Lock = field(default_factory=threading.Lock)


class Visits:
    """Visits by their secret names. `begin` makes one; `clock`: seconds."""

    def __init__(self, begin: Callable[[], Visit], clock: Callable[[], float] = time.monotonic):
        self._begin, self._clock = begin, clock
        self._seats: dict[str, _Seat] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._seats)

    def open(self) -> str:
        """A new visit's name. Raises Refused where all seats are taken."""
        with self._lock:
            if len(self._seats) >= MOST:
                raise Refused(
                    f"{MOST} visitors look live already, and more would slow all down; "
                    "try again later",
                    503,
                )
            name = secrets.token_urlsafe(16)
            self._seats[name] = _Seat(self._begin(), self._clock())
        return name

    def answer(self, name: str, encoded: bytes, wish: Wish) -> bytes:
        """What `Visit.answer` gives. Raises Refused where the visit is over, or a frame of it in work."""
        seat = self._seat(name)
        if not seat.busy.acquire(blocking=False):
            raise Refused("send the next frame when the last one has been answered", 429)
        try:
            self._seat(name)  # it may have ended since
            return seat.visit.answer(encoded, wish)
        finally:
            seat.seen = self._clock()
            seat.busy.release()

    def left(self, name: str) -> float:
        """Seconds until the visit is over unless a frame comes; 0 where it is."""
        seat = self._seats.get(name)
        if seat is None:
            return 0.0
        return IDLE if seat.busy.locked() else max(seat.seen + IDLE - self._clock(), 0.0)

    def end(self, name: str) -> None:
        """Forget the visitor, once a frame in work is done."""
        with self._lock:
            seat = self._seats.pop(name, None)
        if seat:
            with seat.busy:
                seat.visit.close()

    def close(self) -> None:
        for name in list(self._seats):
            self.end(name)

    def _seat(self, name: str) -> _Seat:
        if name not in self._seats:
            raise Refused("this visit is over; start the camera again", 410)
        return self._seats[name]
