#!/usr/bin/env python3
"""Makes the fixtures of test_pickle and test_dataset: one object in every protocol, and in the manner of Python 2, with
what it holds as text; and two small data sets in the published layouts. Run with numpy 1 it writes tests/data/pickles/*.pickle and the two expectations, with numpy 2 the
numpy2_*.pickle, which must give the same text. Python 2 is imitated: its strings are byte strings."""
import collections
import io
import pathlib
import pickle
import struct

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "data" / "pickles"


class Unicode(str):
    """A unicode string of Python 2; plain str is its byte string."""


def sample(Unicode=str):
    shared = ["twice"]
    ramp = np.arange(6)
    return [
        None, True, False,
        [0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, -2**31, 2**31, -2**31 - 1, 2**62, -2**62, 2**63 - 1, -2**63],
        [0.5, -1e300, float("inf"), float("-inf"), 1 / 3],
        "plain", Unicode("gr\u00fc\u00dfe \u2603 \U0001f600 back\\slash \\u0041"), Unicode(""), "quote' \"both\"\t\n\\",
        bytes(range(256)), b"", "x" * 300, list(range(1100)), [], {}, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, (4, [])),
        {"a": {"b": ["c"]}, 7: "seven", (1, 2): None}, {3}, frozenset([4]), set(), bytearray(b"array\xff"),
        collections.OrderedDict([("k", 1), ("l", [2])]), collections.defaultdict(list, {"d": 5}),
        [shared, shared],
        [ramp.astype(t) for t in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")],
        [(-ramp).astype(t) for t in (">f4", ">f8", ">i2", ">i4", ">i8", ">f2", "i1", "i8")],
        np.arange(6, dtype="f4").reshape(2, 3), np.asfortranarray(np.arange(24, dtype="i2").reshape(2, 3, 4)),
        np.arange(12, dtype="f8").reshape(3, 4).T, np.arange(20, dtype="f4")[::3], np.array(2.5), np.zeros((3, 0), "f4"),
        np.array(["ab", "c", ""], "S3"), np.array(["\u00e9t\u00e9", "M", ""], "U4"), np.array(["\u2603"], ">U2"),
        np.array([1, "two", None], dtype=object), np.float32(1.5), np.float64(-0.25), np.int64(-3), np.uint8(200),
        np.bool_(True), np.str_("\u00fcber"), np.bytes_(b"by"), np.float16(0.5),
    ]


class Python2(pickle._Pickler):
    """Writes str and bytes as Python 2 wrote its str."""
    dispatch = dict(pickle._Pickler.dispatch)

    def save_text(self, obj):
        self.write_plain(obj.encode("latin1"))
        self.memoize(obj)

    def save_bytes(self, obj):
        self.write_plain(obj)
        self.memoize(obj)

    def write_plain(self, obj):
        if not self.bin:
            quoted = repr(obj)[1:]
            self.write(b"S" + quoted.encode("ascii") + b"\n")
        elif len(obj) < 256:
            self.write(b"U" + bytes([len(obj)]) + obj)
        else:
            self.write(b"T" + struct.pack("<i", len(obj)) + obj)

    def save_unicode(self, obj):
        text = str(obj)
        if self.bin:
            data = text.encode("utf-8")
            self.write(b"X" + struct.pack("<I", len(data)) + data)
        else:
            text = text.replace("\\", "\\u005c").replace("\n", "\\u000a")
            self.write(b"V" + text.encode("raw-unicode-escape") + b"\n")
        self.memoize(obj)

    dispatch[str] = save_text
    dispatch[bytes] = save_bytes
    dispatch[Unicode] = save_unicode


def quoted(prefix, text):
    return prefix + '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else "{%x}" % ord(c) for c in text) + '"'


def number(x):
    x = float(x)
    return "%.17g" % x


def text_of(x, python2):
    """The same as write_value of test_pickle.c."""
    sub = lambda y: text_of(y, python2)
    if x is None:
        return "None"
    if isinstance(x, (bool, np.bool_)):
        return "True" if x else "False"
    if isinstance(x, np.str_):
        return quoted("u", x)
    if isinstance(x, (bytes, bytearray)):
        return quoted("b", bytes(x).decode("latin1"))
    if isinstance(x, Unicode):
        return quoted("u", "".join(x))
    if isinstance(x, str):
        return quoted("b" if python2 else "u", x)
    if isinstance(x, (int, np.integer)):
        return "%d" % x
    if isinstance(x, (float, np.floating)):
        return number(x)
    if isinstance(x, (list, tuple, set, frozenset)):
        name = {list: "list", tuple: "tuple", set: "set", frozenset: "set"}[type(x)]
        return name + "(" + " ".join(sub(y) for y in x) + ")"
    if isinstance(x, dict):
        return "dict(" + " ".join(sub(k) + ":" + sub(v) for k, v in x.items()) + ")"
    assert isinstance(x, np.ndarray)
    shape = "x".join(str(n) for n in x.shape)
    if x.dtype.kind == "O":
        return "array O " + shape + "(" + " ".join(sub(y) for y in x.ravel()) + ")"
    if x.dtype.kind == "S":
        entries = [quoted("b", bytes(y).decode("latin1")) for y in x.ravel()]
    elif x.dtype.kind == "U":
        entries = [quoted("u", str(y)) for y in x.ravel()]
    else:
        entries = [number(y) for y in x.ravel()]
    return "array %s%d %s(" % (x.dtype.kind, x.dtype.itemsize, shape) + " ".join(entries) + ")"


def dump_python2(protocol):
    out = io.BytesIO()
    Python2(out, protocol).dump(sample(Unicode))
    return out.getvalue()


def features(modality, first, length, width, dtype):
    """As feature() of test_dataset.c."""
    rows = np.arange(first, first + length)[:, None]
    return (1000.0 * modality + rows + np.arange(width) / 8.0).astype(dtype)


def published(lengths, ids, widths, speakers, feature_form, training):
    """The fields of docs/model.md 11 that both layouts share."""
    starts = np.cumsum([0] + lengths)
    spans = dict(zip(ids, zip(starts, lengths)))
    names = {k: ["%s_%d" % (k, i) for i in range(n)] for k, (_, n) in spans.items()}
    labels = {k: [int(row % 3) for row in range(s, s + n)] for k, (s, n) in spans.items()}
    sentences = {k: ["sentence %d" % row for row in range(s, s + n)] for k, (s, n) in spans.items()}
    x = [{k: feature_form(m, s, n, w) for k, (s, n) in spans.items()} for m, w in enumerate(widths)]
    voices = {k: speakers(s, n) for k, (s, n) in spans.items()}
    return (names, voices, labels, x[0], x[0], x[0], x[0], x[1], x[2], sentences, ids[:training], ids[training:])


def write_published():
    folder = FOLDER.parent / "published"
    folder.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    Python2(out, 2).dump(published(
        [3, 1, 4], ["Ses01F", "Ses01M", "Ses05F"], [5, 3, 2], lambda s, n: ["MF"[row % 2] for row in range(s, s + n)],
        lambda m, s, n, w: [row for row in features(m, s, n, w, "f8")], 2))
    (folder / "iemocap_layout.pkl").write_bytes(out.getvalue())
    fields = published(
        [2, 3, 1, 2], [0, 1, 2, 7], [4, 3, 0], lambda s, n: np.eye(9, dtype="f4")[np.arange(s, s + n) % 9],
        lambda m, s, n, w: features(m, s, n, w, "f4"), 3)
    (folder / "meld_layout.pkl").write_bytes(pickle.dumps(fields + ({},), 4))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    if int(np.__version__.split(".")[0]) >= 2:
        for protocol in (2, 4, 5):
            (FOLDER / f"numpy2_protocol{protocol}.pickle").write_bytes(pickle.dumps(sample(), protocol))
        return
    for protocol in range(6):
        (FOLDER / f"protocol{protocol}.pickle").write_bytes(pickle.dumps(sample(), protocol))
    for protocol in range(3):
        (FOLDER / f"python2_protocol{protocol}.pickle").write_bytes(dump_python2(protocol))
    write_published()
    for name, python2 in (("expected.txt", False), ("python2_expected.txt", True)):
        (FOLDER / name).write_text("\n".join(text_of(x, python2) for x in sample(Unicode)) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
