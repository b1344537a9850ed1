"""What a file of a cluster flow holds, version 1.

The file is HDF5. Its first 512 bytes are a user block, a place that HDF5 leaves alone, with
two lines of text: ``layerscope-flow 1`` and ``sha256`` with the checksum of all that comes
after the block. A file that was cut off or damaged is refused by it before the HDF5 library
sees it. Files of other programs may do without the block.

Every text is UTF-8 of fixed length, padded with zeros; lists and tables of settings are JSON.
Numbers are little-endian. N is the number of images, L that of layers.

=========================  =============================  =====================================
where                      what                           meaning
=========================  =============================  =====================================
``/`` attributes           ``format``, ``version``        ``"layerscope-flow"``, 1
..                         ``layers``                     L names in the order of the forward
                                                          pass; ``pixels`` for the images
..                         ``model``, ``weights``         name, and checksum of the weights
..                         ``dataset``, ``data``          such as ``mnist/test``, and the
                                                          signature of the images
``/images/ids``            (N,) text                      names of the images; (0,) if none
``/images/classes``        (K,) text                      true classes, by label
``/images/model_classes``  (M,) text                      what the network can answer
``/images/labels``         (N,) int64                     true class; absent if unknown
``/images/predicted``      (N,) int64                     the network's class; may be absent
``/images/confidence``     (N,) float32                   its probability; may be absent
``/images/right``          (N,) uint8                     1 where it is the true class; may be
                                                          absent
``/<layer>`` attributes    ``name``, ``column``           the layer's name, its place in
                                                          ``layers``
``/<layer>/clusters``      (N,) int64                     cluster of each image; -1 is noise
.. attributes              ``method``, ``params``,        how they were found
                           ``seed``, ``notes``
..                         ``measures``                   purity, silhouette and others; null
                                                          where there is none
``/<layer>/ordering``      (N,) int64                     the images as OPTICS visits them, and
``/<layer>/reachability``  (N,) float64                   how far each lies from those before it,
                                                          by image; both absent for others
``/<layer>/nodes``         (N,) int64                     the node each image is drawn in: its
                                                          cluster, or -2 for a small one that was
                                                          folded
``/<layer>/sequence``      (k,) int64                     nodes from top to bottom
``/<layer>/order``         (N,) int64                     images from top to bottom
``/<layer>/positions``     (N,) float32                   height of each image's line, in images
                                                          from the top; may be absent
``/<layer>/extents``       (k, 2) float32                 top and bottom of each node of
                                                          ``sequence``; with ``positions``
``/<layer>/activations``   (N, D) float32                 the layer's averaged answers, in pieces,
                                                          compressed; may be absent
``/<layer>/features``      (N, d) float32                 what was clustered: their principal
                                                          components; may be absent
.. attributes              ``recipe``                     how they were made of the answers
``/<layer>/mean``          (D,) float32                   (activations - mean) times basis are the
                                                          features; absent without a reduction
``/<layer>/basis``         (D, d) float32                 the principal directions
=========================  =============================  =====================================

A layer's group bears its name, dots included. Only what HDF5 or this table would misread is
written as in a web address: ``/``, ``%`` and zeros, a name of dots alone, an empty one (``%``),
and ``images``.
"""

from __future__ import annotations

FORMAT = "layerscope-flow"
VERSION = 1

#: Bytes of the user block.
BLOCK = 512
#: What every HDF5 file, or what comes after its user block, begins with.
SIGNATURE = b"\x89HDF\r\n\x1a\n"
IMAGES = "images"

#: Size of the largest file that is read, in bytes.
MOST_FILE = 2 * 2**30
#: Numbers and texts that one reading may unfold into, in bytes.
MOST_BYTES = 512 * 2**20
MOST_IMAGES = 100_000
MOST_LAYERS = 200
#: Of classes ImageNet-22k has the most.
MOST_CLASSES = 22_000
#: Bytes of a text: an id may be a long path.
MOST_TEXT = 4_096
#: Bytes of an attribute; HDF5 itself holds no more than 64 kB.
MOST_ATTRIBUTE = 60_000

#: Bytes of a piece of a large array. Small enough that no piece unfolds into much: a thousand
#: times its size is the most that its compression can make of it.
CHUNK = 128 * 2**10
MOST_CHUNK = 2 * CHUNK
MOST_CHUNKS = 100_000
#: gzip of level 4, of bytes sorted by their place in the number.
COMPRESSION = {"compression": "gzip", "compression_opts": 4, "shuffle": True}


def group_name(layer: str) -> str:
    """Return what a layer's group is called: its name, unless that would be misread.

    >>> group_name("features.conv1_1")
    'features.conv1_1'
    >>> group_name("a/b")
    'a%2Fb'
    """
    escaped = layer.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    if not escaped.strip("."):
        return escaped.replace(".", "%2E") or "%"
    return "%69mages" if escaped == IMAGES else escaped


def chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return the size of the pieces of an array, whole rows where they are not too long."""
    row = max(1, CHUNK // itemsize)
    if len(shape) == 1:
        return (min(shape[0], row),)
    columns = min(shape[1], row)
    return (max(1, min(shape[0], row // columns)), columns)
