"""The package against the program: SAFSD_CL_PROGRAM names it, SAFSD_CL_LIBRARY the library."""

import csv
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import numpy as np

import safsd_cl

CONFIG = """
[experiment]
seed = 7
[data]
standardize = true
[model]
hidden = 24
graph_hidden = 16
ffn = 32
heads = 2
gcn_layers = 2
[train]
epochs = 3
batch = 4
lr = 0.002
"""
NAMES = ["Anna", "Ben", "Carol"]
EMOTIONS = ["happy", "sad", "neutral"]
WIDTHS = {"t": 12, "a": 7, "v": 5}


def dialogues(count=14, seed=3, labelled=True):
    random = np.random.default_rng(seed)
    made = []
    for place in range(count):
        length = int(random.integers(2, 9))
        labels = random.integers(0, 3, length)
        made.append({m: random.normal(size=(length, w)) + labels[:, None] for m, w in WIDTHS.items()})
        made[-1]["speakers"] = [NAMES[i] for i in random.integers(0, 3, length)]
        if labelled:
            made[-1]["labels"] = [EMOTIONS[i] for i in labels]
            made[-1]["split"] = ("train", "train", "train", "valid", "test")[place % 5]
    return made


class Trained(unittest.TestCase):
    """One training for all: its model and its directory."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="safsd cl ü ")
        cls.out = os.path.join(cls.folder.name, "run")
        cls.epochs = []
        cls.model = safsd_cl.train(CONFIG, dialogues(), out=cls.out, on_epoch=cls.epochs.append)

    @classmethod
    def tearDownClass(cls):
        cls.model.close()
        cls.folder.cleanup()

    def test_epochs_are_told(self):
        self.assertEqual([e["epoch"] for e in self.epochs], [1, 2, 3])
        self.assertTrue(all(e["epochs"] == 3 for e in self.epochs))
        self.assertTrue(any(e["best"] for e in self.epochs))
        for epoch in self.epochs:
            self.assertGreater(epoch["train"]["loss"], 0)
            self.assertTrue(math.isnan(epoch["train"]["accuracy"]))
            self.assertTrue(0 <= epoch["valid"]["weighted_f1"] <= 100)

    def test_directory_is_that_of_a_run(self):
        for name in ("config.ini", "metrics.jsonl", "best.safetensors", "last.safetensors", "summary.json",
                     "predictions.csv"):
            self.assertTrue(os.path.exists(os.path.join(self.out, name)), name)

    def test_model_tells_of_itself(self):
        self.assertEqual(set(self.model.speakers), set(NAMES))
        self.assertEqual(set(self.model.classes), set(EMOTIONS))
        self.assertEqual(self.model.dims, WIDTHS)
        self.assertEqual(self.model.modalities, ["t", "a", "v"])

    def test_predictions_have_their_shapes(self):
        given = dialogues(seed=5, labelled=False)
        for dialogue, result in zip(given, self.model.predict(given), strict=True):
            length = len(dialogue["speakers"])
            self.assertEqual(result["prediction"].shape, (length,))
            self.assertEqual(result["probabilities"].shape, (length, 3))
            self.assertEqual(set(result["students"]), {"t", "a", "v"})
            np.testing.assert_allclose(result["probabilities"].sum(1), 1, atol=1e-5)
            np.testing.assert_array_equal(result["prediction"], result["probabilities"].argmax(1))
            shifted = result["logits"] - result["logits"].max(1, keepdims=True)
            softmax = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
            np.testing.assert_allclose(softmax, result["probabilities"], atol=1e-5)

    def test_predictions_equal_the_program(self):
        """The test part, against the predictions.csv that the training wrote, to the last digit."""
        with open(os.path.join(self.out, "predictions.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        part = [d for d in dialogues() if d["split"] == "test"]
        results = self.model.predict(part)
        ours = np.concatenate([r["probabilities"] for r in results])
        theirs = np.array([[np.float32(row[c]) for c in self.model.classes] for row in rows])
        np.testing.assert_array_equal(ours, theirs)
        predicted = [self.model.classes[c] for r in results for c in r["prediction"]]
        self.assertEqual(predicted, [row["prediction"] for row in rows])

    def test_saved_model_is_the_same(self):
        path = os.path.join(self.folder.name, "saved.safetensors")
        self.model.save(path)
        with open(path, "rb") as saved, open(os.path.join(self.out, "best.safetensors"), "rb") as best:
            self.assertEqual(saved.read(), best.read())
        with safsd_cl.Model.load(path) as again:
            for a, b in zip(self.model.predict(dialogues(4)), again.predict(dialogues(4)), strict=True):
                np.testing.assert_array_equal(a["logits"], b["logits"])

    def test_other_arrays_are_taken_too(self):
        plain = dialogues(3)
        other = [dict(d, t=np.asfortranarray(d["t"]), a=d["a"].tolist(), v=d["v"].astype(np.float32)) for d in plain]
        for a, b in zip(self.model.predict(plain), self.model.predict(other), strict=True):
            np.testing.assert_array_equal(a["logits"], b["logits"])

    def test_unknown_speaker_is_refused(self):
        stranger = dialogues(1)
        stranger[0]["speakers"] = ["Zoe"] * len(stranger[0]["speakers"])
        with self.assertRaises(safsd_cl.Error) as caught:
            self.model.predict(stranger)
        self.assertEqual(caught.exception.code, 2)
        self.assertIn("Zoe", caught.exception.message)

    def test_faults_of_dialogues_are_named(self):
        good = dialogues(2)
        for change, words in (
            ({"t": good[0]["t"][:, :5]}, "width"),
            ({"a": good[0]["a"][:1]}, "shape"),
            ({"speakers": ["Anna"]}, "speakers"),
            ({"v": None}, "which others have"),
        ):
            with self.assertRaises(safsd_cl.Error) as caught:
                self.model.predict([dict(good[0], **change), good[1]])
            self.assertEqual(caught.exception.code, 2)
            self.assertIn(words, caught.exception.message)

    def test_program_reads_the_checkpoint(self):
        program = os.environ["SAFSD_CL_PROGRAM"]
        done = subprocess.run([program, "--quiet", "inspect", os.path.join(self.out, "best.safetensors")],
                              capture_output=True, text=True, check=True)
        self.assertIn("Anna", done.stdout)


class Alone(unittest.TestCase):
    def test_devices(self):
        found = safsd_cl.devices()
        self.assertGreater(len(found), 0)
        self.assertIn("selector", found[0])

    def test_errors_carry_sentence_and_code(self):
        with self.assertRaises(safsd_cl.Error) as caught:
            safsd_cl.Model.load("no such file.safetensors")
        self.assertIn("no such file.safetensors", str(caught.exception))
        self.assertEqual(caught.exception.code, 1)
        with self.assertRaises(safsd_cl.Error) as caught:
            safsd_cl.Model.load("x", device="no such device")
        self.assertEqual(caught.exception.code, 3)
        with self.assertRaises(safsd_cl.Error) as caught:
            safsd_cl.train("[model]\nhiden = 3\n", dialogues())
        self.assertEqual(caught.exception.code, 2)
        self.assertIn("hidden", str(caught.exception))

    def test_nothing_is_left_without_a_directory(self):
        with tempfile.TemporaryDirectory() as folder:
            before = os.environ.get("TMPDIR")
            os.environ["TMPDIR"] = folder
            try:
                safsd_cl.train(CONFIG.replace("epochs = 3", "epochs = 1"), dialogues(6)).close()
            finally:
                os.environ.pop("TMPDIR")
                if before is not None:
                    os.environ["TMPDIR"] = before
            self.assertEqual(os.listdir(folder), [])

    def test_two_threads_give_the_bits_of_one(self):
        alone = self.logits(1)
        results = {}
        threads = [threading.Thread(target=lambda i=i: results.update({i: self.logits(1)})) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for i in range(2):
            np.testing.assert_array_equal(results[i], alone)

    def logits(self, seed):
        with safsd_cl.train(CONFIG, dialogues(8, seed)) as model:
            return np.concatenate([r["logits"] for r in model.predict(dialogues(3, 9, False))])

    def test_exception_of_the_caller_ends_the_training(self):
        def fail(told):
            raise ValueError(told["epoch"])

        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "run")
            with self.assertRaises(ValueError):
                safsd_cl.train(CONFIG, dialogues(), out=out, on_epoch=fail)
            self.assertTrue(os.path.exists(os.path.join(out, "last.safetensors")))

    def test_interrupt_saves(self):
        def interrupt(told):
            if told["epoch"] == 1:
                signal.raise_signal(signal.SIGINT)

        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "run")
            with self.assertRaises(KeyboardInterrupt):
                safsd_cl.train(CONFIG, dialogues(), out=out, on_epoch=interrupt)
            self.assertTrue(os.path.exists(os.path.join(out, "last.safetensors")))

    def test_missing_library_is_said(self):
        code = "import safsd_cl\ntry: safsd_cl.devices()\nexcept safsd_cl.Error as e: print(e)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                              env=dict(os.environ, SAFSD_CL_LIBRARY="/nowhere/libsafsd.so"))
        self.assertIn("SAFSD_CL_LIBRARY", done.stdout)


if __name__ == "__main__":
    unittest.main()
