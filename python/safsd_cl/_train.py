"""Training."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from ctypes import byref, c_void_p, pointer, sizeof

from ._data import Data
from ._library import EPOCH, INTERRUPTED, PROGRESS, Error, ErrorSlot, Scores, TrainOptions, check, open_library, path_bytes
from ._model import Model

SCORES = tuple(name for name, _ in Scores._fields_)


def train(
    config: "str | os.PathLike[str]",
    data: "str | os.PathLike[str] | Sequence[Mapping]",
    out: "str | os.PathLike[str] | None" = None,
    device: "str | None" = "auto",
    on_epoch: "Callable[[dict], object] | None" = None,
) -> Model:
    """Trains as `safsd-cl train` does.

    Args:
        config: INI text, or the path of an INI file. Its [data] path and [runtime] are not used.
        data: a data set's path, or dialogues with "labels" and "split" (see the package).
        out: the run directory, which must not exist or be empty; None: no file is left behind.
        device: as for Model.load.
        on_epoch: called after every epoch with {"epoch", "epochs", "best", "train": scores, "valid": scores, "test":
            scores}; scores are {"loss", "ce", "saf", "kl", "accuracy", "weighted_f1", "macro_f1"}, metrics in percent,
            NaN where they are not known. An exception that it raises ends the training, saved, and comes out here.

    Returns:
        The best model by the selection.

    Raises:
        KeyboardInterrupt: Ctrl-C; the step is finished and, with `out`, the state saved for `train --resume`.
        Error: anything else that failed.
    """
    library, slot = open_library(), ErrorSlot()
    opened, handle = c_void_p(), c_void_p()
    raised: list[BaseException] = []
    told = PROGRESS(_listener(on_epoch, raised))
    options = TrainOptions(
        size=sizeof(TrainOptions),
        config=_config_text(config).encode("utf-8"),
        directory=None if out is None else path_bytes(out),
        model=pointer(handle),
        progress=told,
    )
    selector = None if device is None else str(device).encode()
    with Data(library) as given:
        if isinstance(data, (str, os.PathLike)):
            given.load(data)
        else:
            given.wrap(data)
        check(library.safsd_open_device(byref(opened), selector, byref(slot)), slot)
        code = library.safsd_train(opened, given.handle, byref(options), byref(slot))
    if code != 0:
        library.safsd_close_device(byref(opened))
    if raised and code in (0, INTERRUPTED):
        if code == 0:
            library.safsd_model_free(byref(handle))
            library.safsd_close_device(byref(opened))
        raise raised[0]
    check(code, slot)
    return Model(library, opened, handle)


def _listener(on_epoch: "Callable[[dict], object] | None", raised: "list[BaseException]"):
    """What the library calls; Python handles Ctrl-C while it is in here."""

    def listen(_user, progress):
        try:
            told = progress.contents
            if on_epoch and told.kind == EPOCH:
                on_epoch({
                    "epoch": told.epoch,
                    "epochs": told.epochs,
                    "best": bool(told.best),
                    **{part: {s: getattr(getattr(told, part), s) for s in SCORES} for part in ("train", "valid", "test")},
                })
        except BaseException as reason:  # KeyboardInterrupt too: nothing may pass through C
            raised.append(reason)
        return 1 if raised else 0

    return listen


def _config_text(config: "str | os.PathLike[str]") -> str:
    """The text itself, or that of the file: a path has no line feed and no section."""
    text = os.fspath(config)
    if "\n" in text or text.lstrip().startswith("[") or not text.strip():
        return text
    try:
        with open(text, encoding="utf-8") as file:
            return file.read()
    except OSError as reason:
        raise Error(f"the configuration {text} cannot be read: {reason.strerror}", 2) from None
