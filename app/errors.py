"""Everything that can go wrong, as one tree.

    GalleryError                    anything the gallery reports on purpose
    ├── BadInput                    the caller sent something that can't be used
    │   ├── UnsupportedImage        the bytes are no picture of a kind that we read
    │   ├── ImageTooLarge           the picture has more pixels than we decode
    │   ├── UploadTooLarge          the upload has more bytes than the limit
    │   ├── BadFileName             the file name could point elsewhere or can't be shown
    │   ├── BadParameter            a parameter has a value that it can't have
    │   ├── BadAddress              no public web address, so no photo is fetched from there
    │   └── QueryError              the search words can't be understood
    │       └── UnknownWordsError   none of the search words is known
    ├── DownloadFailed              a server of the web didn't give the photo that it was asked for
    ├── PhotoNotFound               no photo has this id
    ├── ModelNotFound               no model of the catalogue has this name
    ├── PhotoNotReady               the photo's features aren't computed yet
    ├── AccessDenied                the request is not allowed: no password, or from another site
    ├── StoreError                  the gallery file can't do what was asked
    │   ├── StoreLocked             another process owns the file
    │   ├── PhotoDamaged            a stored photo's bytes aren't those that were uploaded
    │   ├── StoreFull               the disk has no room left
    │   └── StoreFormatError        the file isn't ours, or of a version that we can't use
    ├── InferenceError              the model server didn't give a usable answer
    │   ├── ModelServerUnavailable  it is down, slow or full: the same call may work later
    │   │   ├── ModelOutOfMemory    it lacked the memory for this call: fewer pictures at once may work
    │   │   └── OtherModelVersion   it serves another version than the one that looked at the photos
    │   ├── ModelRejectedInput      it refused this very input: trying again won't help
    │   └── ModelOutputInvalid      it answered with the wrong shape, type or values
    └── SettingsError               a setting has a value that it can't have

A message says what was wrong, with which value, and what to do. `code` is the stable name that API clients
see; which HTTP status belongs to which class stands in `app/web/error_pages.py`.
"""

from typing import ClassVar


class GalleryError(Exception):
    """Anything the gallery reports on purpose; `detail` holds facts for programs."""

    code: ClassVar[str] = "gallery_error"

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class BadInput(GalleryError):
    """The caller sent something that can't be used."""

    code = "bad_input"


class UnsupportedImage(BadInput):
    """The bytes are no picture of a kind that we read, or a damaged one."""

    code = "unsupported_image"


class ImageTooLarge(BadInput):
    """The picture has more pixels than we decode."""

    code = "image_too_large"


class UploadTooLarge(BadInput):
    """The upload has more bytes than the limit."""

    code = "upload_too_large"


class BadFileName(BadInput):
    """The file name could point elsewhere or can't be shown."""

    code = "bad_file_name"


class BadParameter(BadInput):
    """A parameter has a value that it can't have."""

    code = "bad_parameter"


class BadAddress(BadInput):
    """What was given is no public web address, so no photo is fetched from there."""

    code = "bad_address"


class QueryError(BadInput):
    """The search words can't be understood; `position` is the offending character's index, if there is one."""

    code = "bad_query"

    def __init__(self, message: str, *, position: int | None = None, **detail: object) -> None:
        if position is not None:
            detail["position"] = position
        super().__init__(message, **detail)
        self.position = position


class UnknownWordsError(QueryError):
    """None of the search words is known; `suggestions` maps each word to near ones."""

    code = "unknown_words"

    def __init__(self, message: str, *, words: tuple[str, ...], suggestions: dict[str, list[str]]) -> None:
        super().__init__(message, words=list(words), suggestions=suggestions)
        self.words = words
        self.suggestions = suggestions


class DownloadFailed(GalleryError):
    """A server of the web didn't give the photo that it was asked for."""

    code = "download_failed"


class PhotoNotFound(GalleryError):
    """No photo has this id."""

    code = "photo_not_found"


class SavedSearchNotFound(GalleryError):
    """No saved search has this id."""

    code = "saved_search_not_found"


class ModelNotFound(GalleryError):
    """No model of the catalogue has this name."""

    code = "model_not_found"


class PhotoNotReady(GalleryError):
    """The photo's features aren't computed yet, so nothing can be compared with it."""

    code = "photo_not_ready"


class AccessDenied(GalleryError):
    """The request is not allowed: it came without the password, or from another site."""

    code = "access_denied"


class StoreError(GalleryError):
    """The gallery file can't do what was asked."""

    code = "store_error"


class StoreLocked(StoreError):
    """Another process owns the file; its pid is in the message and in `detail`."""

    code = "store_locked"


class StoreFull(StoreError):
    """The disk has no room left; what is stored stays readable."""

    code = "store_full"


class PhotoDamaged(StoreError):
    """A stored photo's bytes, or its thumbnail's, don't match their checksum; `detail` names the photo."""

    code = "photo_damaged"


class StoreFormatError(StoreError):
    """The file isn't ours, or is of a format version that this program can't use."""

    code = "store_format"


class InferenceError(GalleryError):
    """The model server didn't give a usable answer."""

    code = "inference_error"


class ModelServerUnavailable(InferenceError):
    """The model server is down, slow or full: the same call may work later."""

    code = "model_server_unavailable"


class ModelOutOfMemory(ModelServerUnavailable):
    """The model server lacked the memory for this call: fewer pictures at once may work."""

    code = "model_out_of_memory"


class OtherModelVersion(ModelServerUnavailable):
    """The server has another version of the model; its features can't be compared with those that are stored."""

    code = "other_model_version"


class ModelRejectedInput(InferenceError):
    """The model server refused this very input: trying it again won't help."""

    code = "model_rejected_input"


class ModelOutputInvalid(InferenceError):
    """The model server answered with the wrong shape, type or values."""

    code = "model_output_invalid"


class SettingsError(GalleryError):
    """A setting has a value that it can't have."""

    code = "bad_setting"
