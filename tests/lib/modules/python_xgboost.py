"""Holds the scores that ostler gives (a line a row) against those of Python's xgboost with the same model.json.

Usage: python_xgboost.py MODEL_DIRECTORY DATA.csv SCORES. Exit 77: there is no xgboost for this Python.
"""
import csv
import json
import math
import sys

try:
    import numpy
    import xgboost
except ImportError:
    sys.exit(77)

directory, data, scores = sys.argv[1:]
with open(directory + "/schema.json", encoding="utf-8") as file:
    schema = json.load(file)
booster = xgboost.Booster(model_file=directory + "/model.json")


def encode(feature, cell):
    if cell in ("", "NA"):
        return math.nan
    if feature["kind"] == "number":
        return float(cell)
    return float(feature["categories"].index(cell)) if cell in feature["categories"] else math.nan


with open(data, encoding="utf-8", newline="") as file:
    rows = [[encode(feature, row[feature["name"]]) for feature in schema["features"]] for row in csv.DictReader(file)]
names = [feature["name"] for feature in schema["features"]]
types = ["c" if feature["kind"] == "text" else "float" for feature in schema["features"]]
if booster.feature_names != names or booster.feature_types != types:
    sys.exit(f"the model has the columns {booster.feature_names} of kinds {booster.feature_types}")
matrix = xgboost.DMatrix(numpy.array(rows, dtype=numpy.float32), feature_names=names, feature_types=types,
                         enable_categorical=True)
theirs = booster.predict(matrix)
if len(schema["classes"]) == 2:
    theirs = numpy.stack([1 - theirs, theirs], axis=1)
ours = numpy.loadtxt(scores, dtype=numpy.float32, ndmin=2).reshape(theirs.shape)
difference = float(numpy.max(numpy.abs(ours - theirs)))
if len(ours) != len(rows) or not difference <= 1e-6 * max(1.0, float(numpy.max(numpy.abs(theirs)))):
    sys.exit(f"the scores differ by {difference}")
