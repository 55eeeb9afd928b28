"""caikit.core.load, and the registry that @module fills: enough to load a model by the module_id in its config.yml."""
import os

_MODULES = {}


class ModuleBase:
    pass


def module(module_id, name, version):  # pylint: disable=unused-argument
    def register(cls):
        _MODULES[module_id] = cls
        return cls
    return register


def load(path):
    """A path with a config.yml, as caikit.core.load takes it; only plain `key: value` lines are understood."""
    with open(os.path.join(path, "config.yml"), encoding="utf-8") as file:
        config = dict(line.split(": ", 1) for line in file.read().splitlines() if ": " in line)
    return _MODULES[config["module_id"]].load(path)
