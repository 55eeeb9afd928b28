"""The script that one would write with Debian's python3-xgboost:
  xgboost_peer.py train DATA.csv MODEL.json THREADS ROUNDS
  xgboost_peer.py predict MODEL.json DATA.csv OUTPUT
The data has a header; the label is the last column; "-" is standard output."""
import sys

import numpy
import xgboost


def train(source, target, threads, rounds):
    table = numpy.loadtxt(source, delimiter=",", skiprows=1, dtype=numpy.float32)
    settings = {"tree_method": "hist", "objective": "reg:squarederror", "nthread": int(threads), "seed": 0, "eta": 0.3,
                "max_depth": 6, "base_score": float(table[:, -1].mean()), "verbosity": 0}
    xgboost.train(settings, xgboost.DMatrix(table[:, :-1], label=table[:, -1]), int(rounds)).save_model(target)


def predict(model, source, target):
    booster = xgboost.Booster()
    booster.load_model(model)
    table = numpy.loadtxt(source, delimiter=",", skiprows=1, dtype=numpy.float32, ndmin=2)[:, :booster.num_features()]
    scores = booster.inplace_predict(table)
    values = scores.argmax(axis=1) if scores.ndim == 2 else scores
    numpy.savetxt(sys.stdout if target == "-" else target, values, fmt="%.9g", header="prediction", comments="")


{"train": train, "predict": predict}[sys.argv[1]](*sys.argv[2:])
