"""What a run folder holds, version 1.

Nothing but text and safetensors: whoever knows neither this project nor Python can read it.
E is the number of epochs that were finished, S that of points of the trace, A that of marks, N
that of training images, M that of test images (0 if there are none).

=================================  ===========================================================
file                               what is in it
=================================  ===========================================================
``run.json``                       an object:
.. ``format``, ``version``         ``"layerscope-run"``, 1
.. ``recipe``                      ``architecture``, ``data``, ``signature``, ``images``,
                                   ``classes``, ``test_signature``, ``params`` (an object),
                                   ``seed``, ``pixels`` (stands for those of all images)
.. ``precision``                   ``"float32"``, or ``"float16"`` of weights that were rounded
                                   to be shared
.. ``marks``                       A objects in order of time: ``mark`` (epochs since the
                                   beginning, 0 the untrained network), ``file`` (its weights)
                                   and ``sha256``
.. ``ended``, ``note``             ``"running"``, ``"finished"``, ``"stopped"`` or
                                   ``"diverged"``, and a sentence on it
.. ``versions``, ``threads``       of what it was trained with
``weights/epoch-0003.safetensors`` the state dict at a mark, as it was trained: with batch norms
``weights/epoch-0000.25....``      the same within an epoch
``metrics.csv``                    E rows: ``epoch``, ``loss``, ``accuracy``, ``test_loss``,
                                   ``test_accuracy``, ``rate``, ``seconds``, and of each layer
                                   ``weight_norm <layer>`` and ``gradient_norm <layer>``
``trace.csv``                      S rows: ``step``, ``loss``, ``accuracy``
``images.csv``                     N + M rows: ``part`` (``train``, then ``test``), ``id``,
                                   ``label``
``answers.safetensors``            ``predicted`` (A, M) int16: class of each test image at each
                                   mark; ``right`` (E, ceil(N / 8)) uint8: bits, the first image
                                   highest, 1 where a training image was right when it was shown
``state.safetensors``              what is needed to go on; only of a run that is not finished,
                                   and never read from elsewhere
=================================  ===========================================================

``run.json`` is written last. Where a run was killed the other files may know of more than it
does, never of less; what it does not know of is left out. An empty cell of a table is a number
that is not there.
"""

from __future__ import annotations

import re

FORMAT = "layerscope-run"
VERSION = 1

HEAD = "run.json"
METRICS = "metrics.csv"
TRACE = "trace.csv"
IMAGES = "images.csv"
ANSWERS = "answers.safetensors"
STATE = "state.safetensors"
WEIGHTS = "weights"

#: Columns that every table of metrics begins with.
MEASURES = ("epoch", "loss", "accuracy", "test_loss", "test_accuracy", "rate", "seconds")
WEIGHT_NORM = "weight_norm "
GRADIENT_NORM = "gradient_norm "
TRACED = ("step", "loss", "accuracy")
LISTED = ("part", "id", "label")
PARTS = ("train", "test")
ENDINGS = ("running", "finished", "stopped", "diverged")
PRECISIONS = ("float32", "float16")

#: Bytes of the largest file of each kind that is read.
MOST_HEAD = 2**20
MOST_TABLE = 16 * 2**20
MOST_LINE = 64 * 2**10
MOST_ANSWERS = 128 * 2**20
MOST_WEIGHTS = 64 * 2**20
#: Bytes of the description that a safetensors file begins with.
MOST_LISTING = 2**20
#: Bytes of all files of a run.
MOST_RUN = 2 * 2**30
#: The files beside ``run.json`` and the weights.
MOST = {METRICS: MOST_TABLE, TRACE: MOST_TABLE, IMAGES: MOST_TABLE, ANSWERS: MOST_ANSWERS}
MOST_MARKS = 1_000
#: Epochs between two marks: names of files tell no finer.
LEAST_STEP = 1e-4
MOST_EPOCHS = 200
MOST_POINTS = 100_000
MOST_IMAGES = 100_000
MOST_CLASSES = 1_000
MOST_LAYERS = 200
#: Letters of an id, of a class, of a note.
MOST_TEXT = 4_096

_WEIGHTS_NAME = re.compile(r"epoch-(\d{4}(?:\.\d{1,4})?)\.safetensors")


def weights_name(mark: float) -> str:
    """Return the file of a mark's weights, relative to the folder.

    >>> weights_name(3.0), weights_name(0.25)
    ('weights/epoch-0003.safetensors', 'weights/epoch-0000.25.safetensors')
    """
    whole, _, part = f"{mark:.4f}".rstrip("0").rstrip(".").partition(".")
    return f"{WEIGHTS}/epoch-{int(whole):04d}{'.' + part if part else ''}.safetensors"


def belongs(name: str) -> bool:
    """Tell whether a file of that name, relative to the folder, is part of a run that is shared.

    >>> belongs("run.json"), belongs("weights/epoch-0003.safetensors"), belongs("notes.txt")
    (True, True, False)
    """
    folder, _, rest = name.rpartition("/")
    if not folder:
        return name == HEAD or name in MOST
    return folder == WEIGHTS and _WEIGHTS_NAME.fullmatch(rest) is not None
