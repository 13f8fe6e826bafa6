"""The window at work: what it shows, and what its keys and the mouse do."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fer_live.errors import UserError, one_line
from fer_live.expressions import Expression
from fer_live.keyfile import KeyFile, fresh_path
from fer_live.messages import Messages
from fer_live.overlay import HudInfo
from fer_live.painter import Painter, Stage
from fer_live.pipeline import Analyzer
from fer_live.selection import Selection
from fer_live.sinks import KEYS, Action, JsonLog, PictureFile, VideoFile, View, Window
from fer_live.switching import Models
from fer_live.timeline import Timeline
from fer_live.types import Image, Scene

KEYS_AT_ONCE = 20  # at most; a key that is held down must not stop the pictures

logger = logging.getLogger(__name__)


class Desk:
    """One window with its view, its selected face and the files that keys begin.

    `fps`: the source's, for recordings. `pictures`: how many there are, as far as is known by now, where
    each stays until a key is pressed; None for films and cameras. `quitting`: a key or the close button
    asked for the end. `switched`: another model came, so that a picture that stays is to be read anew.
    """

    def __init__(
        self,
        window: Window,
        analyzer: Analyzer,
        view: View,
        models: Models,
        fps: float | None = None,
        pictures: int | None = None,
    ):
        self.view = view
        self.pictures = pictures
        self.quitting = False
        self.switched = False
        self.selection, self.timeline, self.messages = Selection(), Timeline(), Messages()
        self.recording = KeyFile("recording", ".mp4", lambda path: VideoFile(path, fps))
        self.logging = KeyFile("writing", ".jsonl", JsonLog)
        self._snapshots: list[Path] = []
        self._window, self._analyzer, self._models = window, analyzer, models
        self._stage, self._painter = Stage(), Painter()
        self._shown: tuple[Scene, HudInfo] | None = None
        self._drawn: tuple[object, ...] = ()

    @property
    def written(self) -> list[Path]:
        """All files that keys asked for."""
        return [*self._snapshots, *self.recording.written, *self.logging.written]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return self._analyzer.classifier.card.labels

    def follow(self, scene: Scene) -> None:
        """Take the next scene into the timeline and the selection."""
        self.timeline.add(scene)
        self.selection.update(scene)

    def start_afresh(self) -> None:
        """Another model reads from now on."""
        for painter in (self._stage.painter, self._painter):
            painter.heat.start_afresh()

    def show(self, scene: Scene, info: HudInfo, status: str | None = None) -> None:
        """Bring the scene to the window. `status`: what stays to be told."""
        canvas = self._composed(
            scene, self.view, self._completed(info, scene), self.messages.lines(status)
        )
        self._window.write(scene, canvas)
        self._shown = scene, info
        self._drawn = self._looks(scene, status)

    def _composed(
        self, scene: Scene, view: View, info: HudInfo, messages: Sequence[str] = ()
    ) -> Image:
        timeline = self.timeline if self.pictures is None else None
        return self._stage.compose(
            scene,
            view,
            self._size(scene),
            self.selection,
            timeline,
            self.expressions,
            info,
            messages,
        )

    def refresh(self, scene: Scene, info: HudInfo, status: str | None = None) -> None:
        """Show the scene that stays once more, if that would look otherwise than before."""
        if self._looks(scene, status) != self._drawn:
            self.selection.update(scene)
            self.show(scene, info, status)

    def _looks(self, scene: Scene, status: str | None) -> tuple[object, ...]:
        selected = self.selection.track, self.selection.by_hand
        files = self.recording.active, self.logging.active
        messages = self.messages.lines(status)
        return id(scene), self.view, selected, files, messages, self._size(scene)

    def _size(self, scene: Scene) -> tuple[int, int]:
        height, width = scene.frame.image.shape[:2]
        return self._window.size((width, height))

    def _completed(self, info: HudInfo, scene: Scene) -> HudInfo:
        """With what the keys have done, and which keys there are."""
        paused = self.view.paused and self.pictures is None
        if self.pictures is not None:
            going_on = "space next" if scene.frame.index + 1 < self.pictures else "space end"
        else:
            going_on = "space go on" if paused else ""
        return replace(
            self._described(info, scene),
            paused=paused,
            recording=self.recording.active,
            logging=self.logging.active,
            hints=tuple(filter(None, (going_on, "h help", "q quit"))),
        )

    def _described(self, info: HudInfo, scene: Scene) -> HudInfo:
        """With what is seen in the picture."""
        chosen = self.view.chosen if self.view.heatmap else None
        heat = "" if chosen is None or chosen >= len(self.expressions) else self.expressions[chosen]
        if self.pictures is None:
            return replace(info, heat=str(heat))
        name = one_line(Path(scene.frame.source or "").name)
        place = f"{scene.frame.index + 1} of {self.pictures}" if self.pictures > 1 else ""
        return replace(
            info, heat=str(heat), fps=None, place=" · ".join(filter(None, (place, name)))
        )

    def write(self, scene: Scene, info: HudInfo) -> None:
        """To the files that keys began."""
        if self.recording.active:
            canvas = self._painter.picture(scene, self.view, self.expressions, info)
            self._tell(self.recording.write(scene, canvas))
        self._tell(self.logging.write(scene, scene.frame.image))

    def listen(self) -> None:
        """Do what keys and clicks ask for, and take a model that has come."""
        for _ in range(KEYS_AT_ONCE):
            key = self._window.poll()
            if key is None:
                break
            self._do(key)
            if self.quitting:
                return
        point = self._window.click()
        if point is not None and self._shown:
            scene = self._shown[0]
            if self.selection.at(self._stage.locate(point), scene):
                self._tell_selected()
        classifier, news = self._models.arrived()
        self._tell(news)
        if classifier is not None:
            self._analyzer.classifier = classifier
            self.switched = True

    def _do(self, key: str) -> None:
        action = KEYS.get(key)
        self.view = self.view.after(action)
        if action is Action.QUIT:
            self.quitting = True
        elif action is Action.SNAPSHOT and self._shown:
            self._save(*self._shown)
        elif action is Action.RECORD:
            self._record()
        elif action is Action.LOG:
            self._tell(self.logging.toggle())
            if self.view.paused and self._shown:  # no other scene may ever come
                self._tell(self.logging.write(self._shown[0], self._shown[0].frame.image))
        elif action is Action.MODEL:
            self._tell(self._models.begin_next())
        elif action is Action.FULLSCREEN:
            self._window.toggle_fullscreen()
        elif action is Action.SELECT and self._shown:
            self.selection.next(self._shown[0])
            self._tell_selected()
        elif action is Action.CLASS:
            self._choose(int(key) - 1)
        elif action in (Action.STRONGER, Action.WEAKER):
            self._tell(f"heat-map {self.view.strength:.0%}")

    def _record(self) -> None:
        if self.pictures is not None:
            self._tell("pictures make no film: s saves this one")
            return
        told = self.recording.toggle()
        waiting = self.recording.active and self.view.paused
        self._tell(f"{told}, once the picture goes on" if waiting else told)

    def _choose(self, number: int) -> None:
        labels = self.expressions
        if number >= len(labels):
            self._tell(f"this model names {len(labels)} expressions")
            return
        self.view = self.view.choosing(number)
        chosen = self.view.chosen is not None
        self._tell(f"heat-map: {labels[number] if chosen else 'what is predicted'}")

    def _tell_selected(self) -> None:
        if self.selection.track is None:
            return
        more = "" if self.view.panel else "; p shows its panel"
        self._tell(f"face {self.selection.track} selected{more}")

    def _tell(self, text: str | None) -> None:
        if text:
            self.messages.say(text)

    def _save(self, scene: Scene, info: HudInfo) -> None:
        """What the window shows, without what it tells, under a fresh name.

        A picture that cannot be saved ends no session, only warns.
        """
        view = replace(self.view, help=False)
        canvas = self._composed(scene, view, self._described(info, scene))
        path = fresh_path(".png")
        try:
            with PictureFile(path) as picture:
                picture.write(self._stage.shown(scene), canvas)
        except UserError as error:
            logger.warning(str(error))
            self._tell(str(error))
        else:
            self._snapshots.append(path)
            self._tell(f"saved {path}")

    def close(self) -> None:
        """End the files and free the models that are not in use. Raises UserError for a file that broke."""
        problems = [problem for file in (self.recording, self.logging) if (problem := file.close())]
        self._models.close(self._analyzer.classifier)
        if problems:
            raise UserError("; ".join(problems))
