"""What building, training and cataloguing models can raise.

ModelServerError
├── UnknownModelError      no such name in the catalogue
├── CatalogueError         a catalogue file says something impossible
├── CheckpointError        a weights file is broken, foreign or unsafe
├── WeightsError           weights do not fit the model they are meant for
├── DownloadError          weights cannot be fetched
├── UnverifiedError        nobody vouches for a weights file
├── ConversionError        an exported model answers otherwise than the one it was made from
├── PhotosError            a labelled photo folder cannot be read
└── TrainingError          a training cannot start or go on
"""


class ModelServerError(Exception):
    """Base of everything that this package raises on purpose."""


class UnknownModelError(ModelServerError):
    """A model name that the catalogue doesn't hold."""


class CatalogueError(ModelServerError):
    """A catalogue file that can't be read or contradicts itself."""


class CheckpointError(ModelServerError):
    """A weights file that is damaged, of a foreign format or asks to run code."""


class WeightsError(ModelServerError):
    """Weights that don't fit the model: names or shapes differ."""


class DownloadError(ModelServerError):
    """Weights that can't be fetched: no connection, a broken one, or an answer that says no."""


class UnverifiedError(ModelServerError):
    """A weights file whose digest the catalogue doesn't know, and that nobody accepted as it is."""


class ConversionError(ModelServerError):
    """An exported model whose answers differ from those of the model it was made from."""


class PhotosError(ModelServerError):
    """A folder of labelled photos that is missing or malformed."""


class TrainingError(ModelServerError):
    """A training that can't start or go on: a name that is taken, a checkpoint of another one."""
