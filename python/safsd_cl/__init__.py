"""Train and run SAFSD-GLNet, multimodal emotion recognition in conversations, on any OpenCL device.

    import safsd_cl

    with safsd_cl.Model.load("best.safetensors") as model:
        for dialogue in model.predict([{"t": text, "a": audio, "v": visual, "speakers": ["Anna", "Ben", "Anna"]}]):
            print([model.classes[c] for c in dialogue["prediction"]])

A dialogue is a dict of arrays with one row for each of its L utterances:

    "t", "a", "v"   float [L, D]   text, audio and visual features; a modality may be absent from all dialogues
    "speakers"      list of L names, or of L integers; absent: one speaker
    "labels"        list of L class names or integers, None or -1 for an unlabelled utterance   (to train)
    "split"         "train", "valid" or "test"; absent: "train"                                (to train)
"""

from __future__ import annotations

import json

from ._library import Error, check, open_library, take_text
from ._library import ErrorSlot as _ErrorSlot
from ._model import Model
from ._train import train
from ._version import VERSION as __version__

__all__ = ["Error", "Model", "devices", "train", "__version__"]


def devices() -> list[dict]:
    """Every OpenCL device, as `safsd-cl devices --json` lists it.

    Returns:
        A dict for each device: "index", "selector" (for `device=`), "name", "type", "memory_bytes", ...

    Raises:
        Error: there is no OpenCL platform or device.
    """
    import ctypes

    library, slot, text = open_library(), _ErrorSlot(), ctypes.c_void_p()
    check(library.safsd_devices(ctypes.byref(text), ctypes.byref(slot)), slot)
    return json.loads(take_text(library, text))["devices"]
