"""The script that one would write with scikit-learn:
  sklearn_peer.py classify|estimate DATA.csv MODEL.pickle
  sklearn_peer.py predict MODEL.pickle DATA.csv
The data has a header; the label is the last column."""
import pickle
import sys

import numpy


def table_of(path):
    return numpy.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)


def train(model, source, target):
    table = table_of(source)
    with open(target, "wb") as file:
        pickle.dump(model.fit(table[:, :-1], table[:, -1]), file)


def classify(source, target):
    from sklearn.ensemble import HistGradientBoostingClassifier
    train(HistGradientBoostingClassifier(max_iter=100, early_stopping=False), source, target)


def estimate(source, target):
    from sklearn.ensemble import HistGradientBoostingRegressor
    train(HistGradientBoostingRegressor(max_iter=100, max_depth=6, max_leaf_nodes=64, learning_rate=0.3, early_stopping=False),
          source, target)


def predict(model, source):
    with open(model, "rb") as file:
        predictor = pickle.load(file)
    print("prediction", *predictor.predict(table_of(source)), sep="\n")


{"classify": classify, "estimate": estimate, "predict": predict}[sys.argv[1]](*sys.argv[2:])
