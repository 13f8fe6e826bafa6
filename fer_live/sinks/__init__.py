"""Where scenes go: a window, a video file, a picture file, a log."""

from fer_live.sinks.base import Sink
from fer_live.sinks.log import JsonLog
from fer_live.sinks.picture import PictureFile
from fer_live.sinks.video import VideoFile
from fer_live.sinks.view import KEYS, Action, View, key_help
from fer_live.sinks.window import Window, gui_available

__all__ = [
    "KEYS",
    "Action",
    "JsonLog",
    "PictureFile",
    "Sink",
    "VideoFile",
    "View",
    "Window",
    "gui_available",
    "key_help",
]
