"""Holds the labels and probabilities that ostler gives against those of Python's fasttext with the same model.bin.

Usage: python_fasttext.py MODEL_DIRECTORY LINES PREDICTIONS. LINES are words as the model was trained on (lower case,
punctuation apart); a line of PREDICTIONS is "label probability". Exit 77: there is no fasttext for this Python.
"""
import sys

try:
    import fasttext
except ImportError:
    sys.exit(77)

directory, lines, predictions = sys.argv[1:]
fasttext.FastText.eprint = lambda *args: None
model = fasttext.load_model(directory + "/model.bin")
with open(lines, encoding="utf-8") as file:
    texts = file.read().splitlines()
with open(predictions, encoding="utf-8") as file:
    ours = [line.split() for line in file]
if len(ours) != len(texts):
    sys.exit(f"{len(ours)} predictions for {len(texts)} lines")
for text, (label, probability) in zip(texts, ours):
    # Not model.predict(), which fails with NumPy 2.
    (theirs, their_label), = model.f.predict(text + "\n", 1, 0.0, "strict")
    # The library adds 0.00001 to what it gives.
    if their_label != label or abs(theirs - 1e-5 - float(probability)) > 1e-5:
        sys.exit(f"{text}: {label} {probability}, but Python says {their_label} {theirs}")
