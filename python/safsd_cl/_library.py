"""libsafsd through ctypes: its structs and functions, as include/safsd.h declares them."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from ctypes import POINTER, Structure, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_size_t, c_void_p

STEP, EPOCH, MESSAGE = 0, 1, 2
INTERRUPTED = 130


class ErrorSlot(Structure):
    _fields_ = [("code", c_int), ("message", c_char * 1024)]


class Arrays(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("x", POINTER(c_float) * 3),
        ("dims", c_size_t * 3),
        ("lengths", POINTER(c_int32)),
        ("dialogues", c_size_t),
        ("speakers", POINTER(c_int32)),
        ("labels", POINTER(c_int32)),
        ("split", POINTER(c_int32)),
        ("classes", POINTER(c_char_p)),
        ("class_count", c_size_t),
        ("speaker_names", POINTER(c_char_p)),
        ("speaker_count", c_size_t),
    ]


class Predictions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("prediction", POINTER(c_int32)),
        ("probabilities", POINTER(c_float)),
        ("students", POINTER(c_float)),
        ("logits", POINTER(c_float)),
    ]


class Scores(Structure):
    _fields_ = [(name, c_double) for name in ("loss", "ce", "saf", "kl", "accuracy", "weighted_f1", "macro_f1")]


class Progress(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("kind", c_int),
        ("epoch", c_size_t),
        ("epochs", c_size_t),
        ("step", c_size_t),
        ("steps", c_size_t),
        ("train", Scores),
        ("valid", Scores),
        ("test", Scores),
        ("best", c_int),
        ("message", c_char_p),
    ]


PROGRESS = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(Progress))


class TrainOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("config", c_char_p),
        ("directory", c_char_p),
        ("model", POINTER(c_void_p)),
        ("progress", PROGRESS),
        ("user", c_void_p),
    ]


class Error(Exception):
    """A call of the library that failed.

    Attributes:
        message: one sentence: what, where, what to do.
        code: the exit status of the program: 1 failed, 2 usage, 3 device, 4 check, 130 interrupted.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    error = POINTER(ErrorSlot)
    handle = POINTER(c_void_p)
    for name, result, arguments in (
        ("safsd_version", c_char_p, []),
        ("safsd_free", None, [c_void_p]),
        ("safsd_devices", c_int, [handle, error]),
        ("safsd_open_device", c_int, [handle, c_char_p, error]),
        ("safsd_close_device", None, [handle]),
        ("safsd_data_load", c_int, [handle, c_char_p, error]),
        ("safsd_data_wrap", c_int, [handle, POINTER(Arrays), error]),
        ("safsd_data_size", None, [c_void_p, POINTER(c_size_t), POINTER(c_size_t)]),
        ("safsd_data_free", None, [handle]),
        ("safsd_model_load", c_int, [handle, c_void_p, c_char_p, c_char_p, error]),
        ("safsd_model_save", c_int, [c_void_p, c_char_p, error]),
        ("safsd_model_info", c_int, [c_void_p, handle, error]),
        ("safsd_model_free", None, [handle]),
        ("safsd_predict", c_int, [c_void_p, c_void_p, POINTER(Predictions), error]),
        ("safsd_train", c_int, [c_void_p, c_void_p, POINTER(TrainOptions), error]),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def open_library() -> ctypes.CDLL:
    """The library that SAFSD_CL_LIBRARY names, else the one on the loader's path."""
    named = os.environ.get("SAFSD_CL_LIBRARY")
    path = named or ctypes.util.find_library("safsd") or "libsafsd.so"
    try:
        return _declare(ctypes.CDLL(path))
    except OSError as reason:
        advice = "check SAFSD_CL_LIBRARY" if named else "install safsd-cl, or name the file in SAFSD_CL_LIBRARY"
        raise Error(f"libsafsd could not be loaded: {reason}; {advice}", 1) from None


def check(code: int, slot: ErrorSlot) -> None:
    """Raises what a call left in its error slot."""
    if code != 0:
        raise Error(slot.message.decode("utf-8", "replace"), code)


def take_text(library: ctypes.CDLL, text: c_void_p) -> str:
    """The text that the library gave, which is freed."""
    value = ctypes.cast(text, c_char_p).value or b""
    library.safsd_free(text)
    return value.decode("utf-8", "replace")


def path_bytes(path: "str | os.PathLike[str]") -> bytes:
    return os.fsencode(path)
