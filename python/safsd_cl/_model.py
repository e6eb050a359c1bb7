"""A trained model."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Mapping, Sequence
from ctypes import POINTER, byref, c_float, c_int32, c_void_p, sizeof

import numpy as np

from ._data import Data
from ._library import Error, ErrorSlot, Predictions, check, open_library, path_bytes, take_text


class Model:
    """A checkpoint on a device. Use it as a context manager, or call close().

    A model serves one thread at a time; models on devices of their own are independent.

    Attributes:
        classes: names of the C classes, in the order of their numbers.
        speakers: names of the speakers that the model was trained with.
        dims: widths of the features by modality, {"t": 1024, ...}.
        modalities: those in use, in the order t, a, v.
        info: everything that the checkpoint says of itself.
    """

    def __init__(self, library: ctypes.CDLL, device: c_void_p, handle: c_void_p) -> None:
        self._library, self._device, self._handle = library, device, handle
        self.info: dict = self._read_info()
        self.classes: list[str] = self.info["classes"]
        self.speakers: list[str] = self.info["speakers"]
        self.dims: dict[str, int] = self.info["dims"]
        self.modalities: list[str] = self.info["modalities"]

    @classmethod
    def load(
        cls, path: "str | os.PathLike[str]", device: "str | None" = "auto", config: "str | None" = None
    ) -> "Model":
        """Loads a checkpoint of this program, or weights saved from the published code.

        Args:
            path: the safetensors file.
            device: "auto", "gpu", "cpu", an index "0", platform and device "0:1", or part of a name.
            config: INI text; needed for published weights only.
        """
        library, slot = open_library(), ErrorSlot()
        opened, handle = c_void_p(), c_void_p()
        selector = None if device is None else str(device).encode()
        check(library.safsd_open_device(byref(opened), selector, byref(slot)), slot)
        text = None if config is None else config.encode("utf-8")
        code = library.safsd_model_load(byref(handle), opened, path_bytes(path), text, byref(slot))
        if code != 0:
            library.safsd_close_device(byref(opened))
        check(code, slot)
        return cls(library, opened, handle)

    def predict(self, dialogues: Sequence[Mapping]) -> list[dict]:
        """Predicts every utterance of every dialogue.

        Args:
            dialogues: dicts with "t", "a", "v" float [L, D] and "speakers", L names; see the package.

        Returns:
            A dict for each dialogue:
                "prediction"     int32 [L], the most probable class
                "probabilities"  float32 [L, C]
                "students"       {"t": float32 [L, C], ...}, probabilities of each modality's student
                "logits"         float32 [L, C]
        """
        self._check_open()
        with Data(self._library) as data:
            data.wrap([{k: v for k, v in d.items() if k not in ("labels", "split")} for d in dialogues],
                      self.classes, self.speakers if _named(dialogues) else None)
            return self._predict(data)

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes a checkpoint, which appears whole or not at all."""
        self._check_open()
        slot = ErrorSlot()
        check(self._library.safsd_model_save(self._handle, path_bytes(path), byref(slot)), slot)

    def close(self) -> None:
        """Frees the model and its device; it may be called again."""
        self._library.safsd_model_free(byref(self._handle))
        self._library.safsd_close_device(byref(self._device))

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def _check_open(self) -> None:
        if not self._handle:
            raise Error("the model is closed", 2)

    def _read_info(self) -> dict:
        slot, text = ErrorSlot(), c_void_p()
        check(self._library.safsd_model_info(self._handle, byref(text), byref(slot)), slot)
        return json.loads(take_text(self._library, text))

    def _predict(self, data: Data) -> list[dict]:
        rows, classes = sum(data.lengths), len(self.classes)
        prediction = np.empty(rows, np.int32)
        probabilities, logits = np.empty((rows, classes), np.float32), np.empty((rows, classes), np.float32)
        students = np.empty((len(self.modalities), rows, classes), np.float32)
        slot, floats = ErrorSlot(), POINTER(c_float)
        wanted = Predictions(
            size=sizeof(Predictions),
            prediction=prediction.ctypes.data_as(POINTER(c_int32)),
            probabilities=probabilities.ctypes.data_as(floats),
            students=students.ctypes.data_as(floats),
            logits=logits.ctypes.data_as(floats),
        )
        check(self._library.safsd_predict(self._handle, data.handle, byref(wanted), byref(slot)), slot)
        results, first = [], 0
        for length in data.lengths:
            part = slice(first, first + length)
            results.append({
                "prediction": prediction[part],
                "probabilities": probabilities[part],
                "students": {m: students[i, part] for i, m in enumerate(self.modalities)},
                "logits": logits[part],
            })
            first += length
        return results


def _named(dialogues: Sequence[Mapping]) -> bool:
    """Whether speakers are given by name, so that those of the model keep their numbers."""
    return any(isinstance(s, str) for d in dialogues for s in (d.get("speakers") or ()))


