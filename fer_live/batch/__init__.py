"""Files read from end to end, as fast as the computer can: many pictures, or a film."""

from fer_live.batch.film import FilmOptions, read_film
from fer_live.batch.pictures import PictureOptions, read_pictures

__all__ = ["FilmOptions", "PictureOptions", "read_film", "read_pictures"]
