"""A module as one writes it for caikit: what the manual's recipe imports."""
import os

from caikit.core import ModuleBase, module


class Result:
    def __init__(self, label):
        self.label = label

    def to_dict(self):
        return {"label": self.label}


@module("0e6f3a52-6d3c-4a3f-8d55-3d0d7c4a9b21", "Sentiment", "0.0.1")
class Sentiment(ModuleBase):
    def __init__(self, words):
        self.words = words

    @classmethod
    def load(cls, path):
        with open(os.path.join(path, "config.yml"), encoding="utf-8") as file:
            line = next(line for line in file if line.startswith("positive: "))
        return cls(line.partition("[")[2].strip("]\n").split(", "))

    def run(self, text):
        return Result("positive" if set(text.split()) & set(self.words) else "other")
