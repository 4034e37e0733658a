"""Train every version of the digits model again, and say how the result compares with the committed one.

`python -m model_repo.digits.train [FOLDER]` writes `<version>/model.onnx` and `accuracy.json` into FOLDER, by default a
new temporary folder, never over the committed files. The weights are committed because a version is immutable and
every machine must publish the same bytes, or two people's previews of one stack would differ: training is seeded, but
another CPU rounds differently in the last bits. So a better model is a new version in a new folder.

The versions are plain networks (Mul, Gemm, Relu, Softmax), because TensorRT's parser refuses the ai.onnx.ml operators
that converters make of scikit-learn's estimators. All share one signature: `image`, FP32 [batch, 64], ink from 0 to 16;
`probabilities`, FP32 [batch, 10].
"""

# scikit-learn and onnxruntime ship no types; what comes out of them is cast where it enters.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import argparse
import hashlib
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from model_repo.digits.images import Digits, held_out, training

COMMITTED = Path(__file__).parent
FULL_INK = 16.0
OPSET = 13  # TensorRT 8 and ONNX Runtime 1.17 read it, and so does everything since
IR_VERSION = 7  # the one that came with opset 13
ONE_PIXEL = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn")

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights [inputs, outputs] and biases [outputs]."""


@dataclass(frozen=True)
class Recipe:
    """How one version is made."""

    what: str
    train: Callable[[Digits], Sequence[Layer]]


@dataclass(frozen=True)
class Score:
    """What `accuracy.json` says about one version; its field names are the file's keys."""

    what: str
    accuracy: float
    """The share of the held-out images that were read correctly."""
    images: int
    correct: int
    sha256: str
    training_seconds: float
    date: str
    libraries: dict[str, str]


def logistic_regression(digits: Digits) -> Sequence[Layer]:
    """One layer: the baseline that the others have to beat."""
    model = LogisticRegression(max_iter=1_000).fit(digits.pixels / FULL_INK, digits.labels)
    return [_layer(model.coef_.T, model.intercept_)]


def perceptron(digits: Digits) -> Sequence[Layer]:
    """Two hidden layers of 512, trained until the loss stops falling."""
    return _fit_perceptron(digits, weight_decay=1e-4, epochs=500)


def shifted_perceptron(digits: Digits) -> Sequence[Layer]:
    """The same network, taught that a digit one pixel aside is the same digit.

    Chosen by 4-fold cross-validation within the 1347 training images, where this made 20 errors. Weight decay of 1e-4
    made 25, of 1.0 made 45; training until the loss stops falling made 29, as many as the network without shifts;
    diagonal shifts as well made 30; a first layer of 1024 made 27.
    """
    return _fit_perceptron(shifted(digits), weight_decay=0.1, epochs=30)


RECIPES = {
    1: Recipe("logistic regression", logistic_regression),
    2: Recipe("perceptron, hidden layers of 512 and 512", perceptron),
    3: Recipe(
        "perceptron, hidden layers of 512 and 512, also trained on images shifted by one pixel", shifted_perceptron
    ),
}


def shifted(digits: Digits) -> Digits:
    """Each image five times: as it is, and one pixel up, down, left and right, with blank paper moving in."""
    images = np.pad(digits.pixels.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moved = [images[:, 1 + down : 9 + down, 1 + right : 9 + right].reshape(-1, 64) for down, right in ONE_PIXEL]
    return Digits(np.concatenate(moved), np.tile(digits.labels, len(ONE_PIXEL)))


def network(layers: Sequence[Layer]) -> onnx.ModelProto:
    """A plain ONNX network: scale the ink to 0..1, then the layers with Relu between them and Softmax at the end."""
    initializers = [numpy_helper.from_array(np.array(1 / FULL_INK, dtype=np.float32), "ink_scale")]
    nodes = [helper.make_node("Mul", ["image", "ink_scale"], ["ink"])]
    signal = "ink"
    for number, (weights, biases) in enumerate(layers, start=1):
        initializers += [
            numpy_helper.from_array(weights, f"weights_{number}"),
            numpy_helper.from_array(biases, f"biases_{number}"),
        ]
        nodes.append(helper.make_node("Gemm", [signal, f"weights_{number}", f"biases_{number}"], [f"sum_{number}"]))
        signal = f"sum_{number}"
        if number < len(layers):
            nodes.append(helper.make_node("Relu", [signal], [f"hidden_{number}"]))
            signal = f"hidden_{number}"
    nodes.append(helper.make_node("Softmax", [signal], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", layers[0][0].shape[0]])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", layers[-1][0].shape[1]])],
        initializers,
    )
    model = helper.make_model(graph, producer_name="plimsoll", opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def correct_answers(model: Path, digits: Digits) -> int:
    """How many of the images a network reads correctly, by ONNX Runtime on the CPU."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    probabilities = cast("NDArray[np.float32]", session.run(["probabilities"], {"image": digits.pixels})[0])
    return int((probabilities.argmax(axis=1) == digits.labels).sum())


def train(folder: Path) -> dict[str, Score]:
    """Train every version into a folder, and return the scores by version number as `accuracy.json` has them.

    Raises FileExistsError where the folder already has one of the versions.
    """
    scores: dict[str, Score] = {}
    for number, recipe in RECIPES.items():
        (folder / str(number)).mkdir(parents=True)
        path = folder / str(number) / "model.onnx"
        started = time.perf_counter()
        with threadpool_limits(1):  # more threads add up in another order, and the last bits differ
            layers = recipe.train(training())
        seconds = time.perf_counter() - started
        onnx.save(network(layers), path)
        correct = correct_answers(path, held_out())
        scores[str(number)] = Score(
            what=recipe.what,
            accuracy=round(correct / len(held_out().labels), 4),
            images=len(held_out().labels),
            correct=correct,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            training_seconds=round(seconds, 1),
            date=datetime.now(tz=UTC).date().isoformat(),
            libraries={library: installed_version(library) for library in LIBRARIES},
        )
    (folder / "accuracy.json").write_text(json.dumps(scores, default=vars, indent=2) + "\n")
    return scores


def committed_scores() -> dict[str, Score]:
    """What the committed `accuracy.json` says, by version number; empty before the first was committed."""
    path = COMMITTED / "accuracy.json"
    if not path.exists():
        return {}
    return {number: Score(**score) for number, score in json.loads(path.read_text()).items()}


def _fit_perceptron(digits: Digits, weight_decay: float, epochs: int) -> Sequence[Layer]:
    model = MLPClassifier((512, 512), alpha=weight_decay, max_iter=epochs, random_state=0)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # stopping early is meant
        model.fit(digits.pixels / FULL_INK, digits.labels)
    return [_layer(weights, biases) for weights, biases in zip(model.coefs_, model.intercepts_, strict=True)]


def _layer(weights: object, biases: object) -> Layer:
    return np.ascontiguousarray(weights, dtype=np.float32), np.ascontiguousarray(biases, dtype=np.float32)


def _comparison(number: str, trained: Score, committed: Score | None) -> str:
    line = f"version {number}: {trained.correct} of {trained.images} correct ({trained.accuracy:.1%}), {trained.what}"
    if committed is None:
        return f"{line}; not committed yet"
    bytes_compared = "the same bytes" if trained.sha256 == committed.sha256 else "other bytes"
    return f"{line}; committed: {committed.correct} correct ({committed.accuracy:.1%}), {bytes_compared}"


def main() -> None:
    """Train into the folder named on the command line and print one line a version."""
    parser = argparse.ArgumentParser(description="Train every version of the digits model and compare.")
    parser.add_argument("folder", nargs="?", type=Path, help="where to write; default: a new temporary folder")
    folder = cast("Path | None", parser.parse_args().folder) or Path(tempfile.mkdtemp(prefix="digits-"))
    committed = committed_scores()
    try:
        scores = train(folder)
    except FileExistsError as error:
        parser.error(f"{error.filename} exists: a version is never replaced; name another folder")
    for number, score in scores.items():
        print(_comparison(number, score, committed.get(number)))
    print(f"written to {folder}")


if __name__ == "__main__":
    main()
