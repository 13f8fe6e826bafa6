"""Where scenes go: a window, a video file, a picture file, a log, a pipe."""

from fer_live.sinks.base import Sink
from fer_live.sinks.log import CsvLog, JsonLog, Log, open_log
from fer_live.sinks.picture import PictureFile, embedded_record
from fer_live.sinks.pipe import JsonPipe, PipeClosed
from fer_live.sinks.video import VideoFile
from fer_live.sinks.view import KEYS, Action, View, key_help
from fer_live.sinks.window import Window, gui_available

__all__ = [
    "KEYS",
    "Action",
    "CsvLog",
    "JsonLog",
    "JsonPipe",
    "Log",
    "PictureFile",
    "PipeClosed",
    "Sink",
    "VideoFile",
    "View",
    "Window",
    "embedded_record",
    "gui_available",
    "key_help",
    "open_log",
]
