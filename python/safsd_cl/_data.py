"""From dialogues, or a file, to the data of the library."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from ctypes import POINTER, byref, c_char_p, c_float, c_int32, c_size_t, c_void_p, sizeof

import numpy as np

from ._library import Arrays, Error, ErrorSlot, check, path_bytes

MODALITIES = ("t", "a", "v")
SPLITS = {"train": 0, "valid": 1, "test": 2}


class Data:
    """A data set of the library with the arrays that it borrows; to be used as a context manager."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        self.handle = c_void_p()
        self.lengths: list[int] = []
        self._kept: list = []  # what the library borrows

    def __enter__(self) -> "Data":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.library.safsd_data_free(byref(self.handle))
        self._kept = []

    def load(self, path: "str | os.PathLike[str]") -> "Data":
        slot = ErrorSlot()
        check(self.library.safsd_data_load(byref(self.handle), path_bytes(path), byref(slot)), slot)
        return self

    def wrap(
        self,
        dialogues: Sequence[Mapping],
        classes: "Sequence[str] | None" = None,
        speakers: "Sequence[str] | None" = None,
    ) -> "Data":
        """Wraps dialogues; `classes` and `speakers` are names that come first in the order of their numbers."""
        slot, arrays = ErrorSlot(), Arrays(size=sizeof(Arrays))
        self.lengths = [_length(d, place) for place, d in enumerate(dialogues)]
        if not dialogues:
            raise Error("there is no dialogue", 2)
        for m, letter in enumerate(MODALITIES):
            features = _features(dialogues, letter, self.lengths)
            if features is not None:
                arrays.x[m] = self._floats(features)
                arrays.dims[m] = features.shape[1]
        arrays.lengths = self._integers(self.lengths)
        arrays.dialogues = len(dialogues)
        numbers, names = _numbered(dialogues, "speakers", self.lengths, speakers, 0)
        arrays.speakers = self._integers(numbers)
        arrays.speaker_names, arrays.speaker_count = self._names(names), len(names)
        numbers, names = _numbered(dialogues, "labels", self.lengths, classes, -1)
        arrays.labels = self._integers(numbers)
        arrays.classes, arrays.class_count = self._names(names), len(names)
        arrays.split = self._integers([_split(d, place) for place, d in enumerate(dialogues)])
        check(self.library.safsd_data_wrap(byref(self.handle), byref(arrays), byref(slot)), slot)
        return self

    def _floats(self, array: np.ndarray) -> "ctypes._Pointer[c_float]":
        self._kept.append(array)
        return array.ctypes.data_as(POINTER(c_float))

    def _integers(self, values: Sequence[int]) -> "ctypes._Pointer[c_int32]":
        array = np.asarray(values, np.int32)
        self._kept.append(array)
        return array.ctypes.data_as(POINTER(c_int32))

    def _names(self, names: Sequence[str]) -> "ctypes.Array[c_char_p] | None":
        if not names:
            return None
        array = (c_char_p * len(names))(*[name.encode("utf-8") for name in names])
        self._kept.append(array)
        return ctypes.cast(array, POINTER(c_char_p))


def size_of(library: ctypes.CDLL, handle: c_void_p) -> "tuple[int, int]":
    """Dialogues and utterances."""
    dialogues, utterances = c_size_t(), c_size_t()
    library.safsd_data_size(handle, byref(dialogues), byref(utterances))
    return dialogues.value, utterances.value


def _length(dialogue: Mapping, place: int) -> int:
    for letter in MODALITIES:
        if dialogue.get(letter) is not None:
            return len(dialogue[letter])
    raise Error(f"dialogue {place} has no features: give one of t, a, v", 2)


def _features(dialogues: Sequence[Mapping], letter: str, lengths: Sequence[int]) -> "np.ndarray | None":
    """The rows of all dialogues, one after another, float32 [N, D]; None where no dialogue has the modality."""
    given = [d.get(letter) for d in dialogues]
    if all(x is None for x in given):
        return None
    rows = []
    for place, x in enumerate(given):
        if x is None:
            raise Error(f"dialogue {place} has no \"{letter}\", which others have", 2)
        x = np.asarray(x, np.float32)
        if x.ndim != 2 or x.shape[0] != lengths[place]:
            raise Error(f"dialogue {place}: \"{letter}\" has shape {x.shape}, but [{lengths[place]}, D] is needed", 2)
        if rows and x.shape[1] != rows[0].shape[1]:
            raise Error(f"dialogue {place}: \"{letter}\" has width {x.shape[1]}, others have {rows[0].shape[1]}", 2)
        rows.append(x)
    return np.ascontiguousarray(np.concatenate(rows))


def _numbered(
    dialogues: Sequence[Mapping], key: str, lengths: Sequence[int], known: "Sequence[str] | None", missing: int
) -> "tuple[list[int], list[str]]":
    """Numbers of names, by `known` and then by first appearance; integers stay, and then nothing is named."""
    values: list = []
    for place, d in enumerate(dialogues):
        given = d.get(key)
        row = [None] * lengths[place] if given is None else list(given)
        if len(row) != lengths[place]:
            raise Error(f"dialogue {place}: \"{key}\" has {len(row)} entries for {lengths[place]} utterances", 2)
        values += row
    if not any(isinstance(v, str) for v in values):
        return [missing if v is None else int(v) for v in values], list(known or [])
    names = list(known or [])
    places = {name: number for number, name in enumerate(names)}
    numbers = []
    for v in values:
        if isinstance(v, str) and v not in places:
            places[v] = len(names)
            names.append(v)
        if isinstance(v, str):
            numbers.append(places[v])
        elif v is None or v == missing:
            numbers.append(missing)
        else:
            raise Error(f"\"{key}\" mixes names and numbers: {v!r}", 2)
    return numbers, names


def _split(dialogue: Mapping, place: int) -> int:
    split = dialogue.get("split", "train")
    if split in SPLITS:
        return SPLITS[split]
    if split in (0, 1, 2):
        return int(split)
    raise Error(f"dialogue {place}: split is {split!r}; it takes \"train\", \"valid\" or \"test\"", 2)
